-- The day for staff as one HTML file:
-- psql -X -At -f sql/reports/today_html.sql DATABASE > today.html
SELECT passport.report_html();
