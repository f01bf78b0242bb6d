-- What names and addresses are compared as, and their keys.  The many
-- spellings are in test/unit/registry.c.
\pset format unaligned
\pset tuples_only on

SELECT n, passport.normalized_name(n) FROM unnest(ARRAY['髙橋　花子', 'ﾜﾀﾅﾍﾞ ﾀﾛｳ', 'Nguyen Van An', '齋藤', '齊藤', '𠮷田・一', '渡邉󠄁', '　']) AS n;
SELECT a, passport.normalized_address(a)
  FROM unnest(ARRAY['長野県南佐久郡南牧村大字海ノ口1183番地2', '南牧村海の口字芝１１８３－２　コーポ１０１', '群馬県甘楽郡南牧村大字大日向千九十八番地',
                    '東京都千代田区三番町6-2', '富山県中新川郡上市町法音寺1', '福岡県小郡市小郡255番地1', '海ノ口1183（コーポ', '1-2-3']) AS a;
SELECT passport.name_key('髙橋　花子') = passport.name_key('高橋 花子'),
       passport.name_key('高橋　花子') = passport.name_key('高橋　花'),
       passport.address_key('長野県南佐久郡南牧村大字海ノ口1183番地2') = passport.address_key('南牧村海ノ口1183の2 101'),
       passport.address_key('南牧村海ノ口1183番地2') = passport.address_key('南牧村海ノ口1183番地');
-- keys are stored: they must not change from one version to the next
SELECT passport.name_key('高橋　花子'), passport.address_key('南牧村海ノ口1183番地2');
-- over the limit
SELECT passport.normalized_name(repeat('x', 512)) = repeat('X', 512), passport.normalized_name(repeat('x', 513)), passport.normalized_address(repeat('x', 1000000));
SELECT length(passport.normalized_address('南牧村' || repeat('（', 500)));
SELECT passport.holds_individual_number('123456789018'), passport.holds_individual_number('１２３４　５６７８　９０１８'),
       passport.holds_individual_number('123456789019'), passport.holds_individual_number('0123456789018');
