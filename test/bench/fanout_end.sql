-- Nothing of it for the figures that follow.
TRUNCATE passport.delivery;
DROP TABLE fanout_copy, fanout_area;
DELETE FROM passport.device WHERE resident_id IN (SELECT resident_id FROM passport.resident WHERE name = 'bench fanout');
UPDATE passport.resident SET status = 'moved_out' WHERE name = 'bench fanout';
DELETE FROM passport.municipality_area WHERE name = 'bench';
