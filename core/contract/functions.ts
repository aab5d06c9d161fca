/** Scalar functions that expressions may call: immutable, and blind to files, clock, settings and chance. */
export const allowedFunctions: ReadonlySet<string> = new Set(
  [
    // operators, as DuckDB's parser names them
    '+ - * / // % ** ^ || ~~ !~~ ~~* !~~* ~~~ & | << >>',
    // numbers
    'abs ceil ceiling floor round trunc sign sqrt power pow mod greatest least gcd lcm',
    // text
    'lower upper trim ltrim rtrim length strlen concat concat_ws left right lpad rpad repeat replace reverse',
    'substring substr split_part starts_with ends_with suffix prefix contains position strpos instr translate',
    'regexp_matches regexp_full_match regexp_extract regexp_replace',
    'md5 sha256 hex unhex nfc_normalize strip_accents unicode chr ascii',
    // dates and timestamps
    'date_part date_trunc date_diff datediff date_add make_date make_timestamp strftime strptime try_strptime',
    'year month day hour minute second quarter week dayofweek isodow dayofyear last_day epoch epoch_ms',
    'to_years to_months to_weeks to_days to_hours to_minutes to_seconds',
    // nulls
    'ifnull nullif if',
  ].flatMap((line) => line.split(' ')),
);
