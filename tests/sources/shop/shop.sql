create role reader login password 's3cret:/%';
create database shop;
\connect shop
create type size as enum ('small', 'large');
create table kinds (
    id integer primary key, code smallint, total bigint, share real, price double precision, paid boolean,
    town text, sign char(3), exact numeric(30, 10), day date, at timestamp, seen timestamptz,
    clock time, lasted interval, notes jsonb, raw json, mark uuid, host inet, cash money, box size
);
insert into kinds values
    (1, 2, 9007199254740993, 0.5, 0.1, true, E'K\u00f6ln \u20ac', 'ab', 12345678901234567890.0123456789, '2024-02-29',
     '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59+02', '12:30', '1 day 02:00', '{"a": 1}', '{"b": [2]}',
     '6f9619ff-8b86-d011-b42d-00c04fc964ff', '10.0.0.1', 12.30, 'large'),
    (2, null, null, null, 'NaN', null, '', null, 'NaN', null, null, null, null, null, null, null, null, null, null, null);
create table orders as select number as id, (number * 7 % 100)::numeric(10, 2) as price, 'row ' || number as town from generate_series(1, 20000) as number;
create table others (id integer, photo bytea, tags text[], due timestamp);
insert into others values (1, '\x00', '{a,b}', 'infinity');
grant select on all tables in schema public to reader;
