SELECT day, amount, SUM(amount) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week,
  LAG(amount) OVER (ORDER BY day) AS before, ROW_NUMBER() OVER (PARTITION BY region ORDER BY amount DESC) AS place
FROM sales
UNION
SELECT day, amount, 0, 0, 0 FROM archive
ORDER BY day;
