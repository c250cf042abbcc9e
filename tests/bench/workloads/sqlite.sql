-- SPDX-License-Identifier: BSD-2-Clause
-- Inserts, indexed look-ups, a join, aggregates, updates and text search in a database in memory; @ROWS@ scales it.
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INTEGER);
CREATE TABLE sale(id INTEGER PRIMARY KEY, item INTEGER, amount INTEGER, day TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @ROWS@)
  INSERT INTO item SELECT i, 'item ' || (i * 7919 % 10007), i * 1.25, i % 17 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @ROWS@ * 2)
  INSERT INTO sale SELECT i, 1 + i * 31 % @ROWS@, i % 9, date('2020-01-01', (i % 700) || ' days') FROM n;
COMMIT;
CREATE INDEX item_name ON item(name);
CREATE INDEX sale_item ON sale(item);
SELECT kind, count(*), sum(price), max(name) FROM item GROUP BY kind ORDER BY kind;
SELECT count(*), sum(s.amount * i.price) FROM sale s JOIN item i ON i.id = s.item WHERE i.kind < 9;
SELECT day, sum(amount) AS total FROM sale GROUP BY day ORDER BY total DESC, day LIMIT 5;
UPDATE item SET price = price * 1.1 WHERE name LIKE '%7%';
DELETE FROM sale WHERE amount = 3;
SELECT count(*) FROM item a WHERE EXISTS (SELECT 1 FROM item b WHERE b.name = a.name AND b.id <> a.id);
SELECT sum(json_extract(json_object('a', price, 'b', name), '$.a')) FROM item;
SELECT count(DISTINCT substr(name, 6)), group_concat(kind) FROM (SELECT * FROM item ORDER BY price LIMIT 50);
PRAGMA integrity_check;
