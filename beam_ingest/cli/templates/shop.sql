CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    email VARCHAR(254) NOT NULL UNIQUE,
    name VARCHAR(100) NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    street VARCHAR(200) NOT NULL,
    city VARCHAR(100) NOT NULL,
    country CHAR(2) NOT NULL
);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    sku VARCHAR(32) NOT NULL UNIQUE,
    title VARCHAR(200) NOT NULL,
    price NUMERIC(10, 2) NOT NULL,
    picture BLOB
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    address_id INTEGER REFERENCES addresses (id),
    ordered_at TIMESTAMP NOT NULL,
    paid BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    line_number SMALLINT NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    PRIMARY KEY (order_id, line_number)
);
CREATE TABLE tmp_import (payload TEXT);
CREATE TABLE tmp_stock_2024 (sku TEXT, counted INTEGER);
CREATE VIEW order_totals AS
    SELECT l.order_id, SUM(l.quantity * p.price) AS total
    FROM order_lines AS l JOIN products AS p ON p.id = l.product_id
    GROUP BY l.order_id;
CREATE VIEW customers_by_country AS
    SELECT a.country, COUNT(DISTINCT a.customer_id) AS customers
    FROM addresses AS a GROUP BY a.country;
