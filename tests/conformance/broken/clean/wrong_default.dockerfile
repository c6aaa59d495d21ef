# It says that it keeps duplicates, and drops them.
USER root
RUN sed -i 's/"default": "drop"/"default": "keep"/' /settings.schema.json
USER 10001:10001
