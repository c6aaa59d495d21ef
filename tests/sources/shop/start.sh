#!/bin/sh
# Start both servers; the web server stays in the foreground.
set -eu

PATH=$(dirname /usr/lib/postgresql/*/bin/initdb):$PATH
as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups env HOME=/tmp "$@"; }

install -d -o postgres -g postgres /tmp/database /var/run/postgresql
as_postgres initdb --pgdata /tmp/database --auth-local trust --auth-host scram-sha-256 --encoding UTF8 --locale C.UTF-8 >/dev/null
echo "host all all all scram-sha-256" >>/tmp/database/pg_hba.conf
as_postgres pg_ctl --pgdata /tmp/database --options "-c listen_addresses='*' -c fsync=off" --log /tmp/database.log --wait start >/dev/null
as_postgres psql --quiet --set ON_ERROR_STOP=1 --dbname postgres --file /shop.sql
mkdir -p /srv/private
printf 'id,town\n1,K\303\266ln\n2,Bonn\n' >/srv/shop.csv
gzip --keep --no-name --stdout /srv/shop.csv >/srv/private/shop.csv.gz
cp /srv/shop.csv /srv/private/
echo "reader:$(openssl passwd -apr1 's3cret:/%')" >/etc/nginx/users
chmod -R a+rX /srv /etc/nginx/users
exec nginx -g 'daemon off;'
