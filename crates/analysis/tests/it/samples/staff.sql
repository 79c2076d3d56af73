WITH RECURSIVE chain AS (
    SELECT id, name, manager_id, 1 AS level
    FROM employees
    WHERE manager_id IS NULL
    UNION ALL
    SELECT e.id, e.name, e.manager_id, c.level + 1
    FROM employees AS e
    JOIN chain AS c ON e.manager_id = c.id
    WHERE c.level < 10
)
SELECT name, level FROM chain ORDER BY level;
