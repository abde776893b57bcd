# The desk's two images: `docker build --target operator .` and `docker build --target bot .`
#
# Packages come from the hash-locked requirements: from the package index, or, where the build has no network, from wheels
# in a folder `wheelhouse` of the build context. Both parts run as they are on a read-only root; nothing is installed later.
#
# The bot's engine is compiled on the way, in an image with a C compiler; a folder `natives` of the build context with what
# `python -m deskbot.bench.compiled --natives natives` makes is taken in its place. Without either the bot runs the pure
# files, which are always there, only slower.
ARG PYTHON_IMAGE=python:3.11-slim
ARG COMPILER_IMAGE=python:3.11

FROM ${PYTHON_IMAGE} AS base
# kopf asks for its user's name, and uid 10001 stands in no passwd file.
ENV PATH=/opt/desk/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 USER=desk

# /opt/desk is what the images keep; /opt/build has pip and the build backend and stays behind.
FROM base AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python3 -m venv --without-pip /opt/desk && python3 -m venv /opt/build
COPY requirements/build.txt requirements/operator.txt requirements/bot.txt wheelhous[e] wheels/
RUN if ls wheels/*.whl > /dev/null 2>&1; then printf '[global]\nno-index = true\nfind-links = /build/wheels\n' > /etc/pip.conf; fi
RUN /opt/build/bin/pip install --require-hashes --requirement wheels/build.txt

# The project's own files, laid out below /out as they will lie in the image.
FROM build AS project
COPY pyproject.toml README.md ./
COPY crds/ crds/
COPY operator/ operator/
COPY botimage/ botimage/
COPY strategies/ strategies/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/desk/bin/python install --no-deps --no-index --no-compile --root /out dist/*.whl \
 && python3 -m compileall -q --invalidation-mode unchecked-hash -s /out -p / /out

FROM build AS operator-packages
RUN /opt/build/bin/pip --python /opt/desk/bin/python install --no-compile --require-hashes --requirement wheels/operator.txt \
 && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/desk/lib

FROM build AS bot-packages
RUN /opt/build/bin/pip --python /opt/desk/bin/python install --no-compile --require-hashes --requirement wheels/bot.txt \
 && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/desk/lib

# Only what is compiled, so that the rest of the tree can change without compiling anew.
FROM ${COMPILER_IMAGE} AS natives
WORKDIR /build
COPY requirements/compile.txt native[s] given/
COPY botimage/deskbot/__init__.py deskbot/
COPY botimage/deskbot/core/ deskbot/core/
COPY botimage/deskbot/bench/ deskbot/bench/
COPY botimage/deskbot/runtime/__init__.py botimage/deskbot/runtime/encoding.py deskbot/runtime/
RUN mkdir /natives \
 && if ls given/*.so > /dev/null 2>&1; then cp -r given/. /natives/ && rm /natives/compile.txt; \
    elif command -v gcc > /dev/null; then python3 -m venv /opt/compiler \
      && /opt/compiler/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement given/compile.txt \
      && /opt/compiler/bin/python -m deskbot.bench.compiled --natives /natives; \
    else echo "no C compiler: the bot of this image runs the pure engine"; fi

FROM base AS operator
COPY --from=operator-packages /opt/desk /opt/desk
COPY --from=project /out/ /
USER 10001:10001
ENTRYPOINT ["desk-operator"]

FROM base AS bot
COPY --from=bot-packages /opt/desk /opt/desk
COPY --from=project /out/ /
COPY --from=natives /natives/ /opt/desk/lib/python3.11/site-packages/
USER 10001:10001
ENTRYPOINT ["desk"]
