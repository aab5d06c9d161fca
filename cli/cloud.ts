/** The cloud that the environment points to, as the CLI sees it: found by the shared stack's outputs. */
