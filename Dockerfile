# One image for both services; the command says which.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY tcp_core ./tcp_core
COPY web_gateway ./web_gateway
COPY static ./static
RUN python -m venv /opt/parley && /opt/parley/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home parley \
    && install -d -o parley -g parley /data
COPY --from=build /opt/parley /opt/parley
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PARLEY_DATA_DIR=/data
USER parley
VOLUME /data
STOPSIGNAL SIGTERM
CMD ["parley-core"]
