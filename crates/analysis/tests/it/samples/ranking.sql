SELECT
    name,
    department,
    RANK() OVER (PARTITION BY department ORDER BY salary DESC) AS position
FROM employees
WHERE id NOT IN (SELECT employee_id FROM leavers);
