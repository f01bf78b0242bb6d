\pset footer off
SELECT language, count(*) AS reminders, min(title) AS title
  FROM (SELECT coalesce(d.language, r.language) AS language, n.texts -> coalesce(d.language, r.language) ->> 'title' AS title
          FROM passport.renewal_reminder AS m
          JOIN passport.resident AS r USING (resident_id)
          JOIN passport.notification AS n USING (notification_id)
          LEFT JOIN LATERAL (SELECT language FROM passport.device AS d WHERE d.resident_id = r.resident_id LIMIT 1) AS d ON true) AS sent
 GROUP BY language ORDER BY 2 DESC;
