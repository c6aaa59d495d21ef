# /data/out belongs to root.
USER root
RUN chown 0:0 /data/out
USER 10001:10001
