-- When the flood reached the stage: the story goes on a minute later.
SELECT to_char(observed_at + interval '1 minute', 'YYYY-MM-DD HH24:MI+09')
  FROM passport.sensor_state WHERE sensor = 'uminokuchi';
