import { ledgerConformance } from '../../conformance/ledger.ts';
import { memoryLedger } from '../../support/memory-ledger.ts';

ledgerConformance('the ledger in memory', async () => memoryLedger());
