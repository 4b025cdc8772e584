FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# What matplotlib has found out about fonts; its user has no home to keep it in.
ENV MPLCONFIGDIR=/var/cache/folio
WORKDIR /app

COPY requirements.lock pyproject.toml README.md ./
RUN pip install --require-hashes -r requirements.lock

COPY services ./services
COPY projections ./projections
RUN pip install --no-deps --no-build-isolation . \
    && useradd --system --no-create-home --shell /usr/sbin/nologin folio \
    && install --directory --owner=folio --mode=700 /var/lib/folio /var/cache/folio

USER folio
EXPOSE 8080
# The key that signs checkpoints is kept in the data folder: mount it, so that it outlives the container.
VOLUME /var/lib/folio
CMD ["folio", "serve", "--host", "0.0.0.0", "--port", "8080", "--data", "/var/lib/folio"]
