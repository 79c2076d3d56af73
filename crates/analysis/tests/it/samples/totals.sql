WITH recent AS (
    SELECT customer_id, amount
    FROM orders
    WHERE created_at >= '2024-01-01'
)
SELECT c.name, COUNT(*) AS orders, SUM(r.amount) AS total
FROM customers AS c
LEFT JOIN recent AS r ON r.customer_id = c.id
WHERE c.active = TRUE
GROUP BY c.name
HAVING SUM(r.amount) > 100
ORDER BY total DESC
LIMIT 10;
