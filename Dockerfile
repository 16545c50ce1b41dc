# The daemon in a container: one process, not root, one volume (/data), a read-only root.
# docs/guides/run-in-a-container.md says how to run it, and how to add plugins.
FROM docker.io/library/node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY . .
# The image contains the package that npm publishes, with the dependencies that the lock file pins.
RUN npm run --silent pack \
 && node runner/scripts/pnpm.mjs --filter playground-runner deploy --prod --frozen-lockfile /app \
 && tar -xzf dist/playground-runner-*.tgz --strip-components=1 -C /app
WORKDIR /app
# What only editors, debuggers and other module systems read.
RUN find node_modules -type f \
      \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && rm -rf node_modules/pdfjs-dist/build node_modules/gpt-tokenizer/cjs node_modules/gpt-tokenizer/src
# Code compiled at the build makes every start faster, the first one too.
RUN mkdir scripts && cp /build/runner/scripts/warm-compile-cache.ts scripts/ \
 && node scripts/warm-compile-cache.ts && rm -r scripts
# The final stage has neither a shell nor env.
RUN sed -i '1s|.*|#!/usr/local/bin/node|' bin/playground-runner.mjs \
 && chmod 755 bin/playground-runner.mjs \
 && mkdir -p /data/artifacts /out/plugins /out/usr/local/bin \
 && cp /usr/local/bin/node /out/usr/local/bin/ \
 && ln -s /app/bin/playground-runner.mjs /out/usr/local/bin/playground-runner

# glibc and libstdc++, which Node and sharp need, and nothing else.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Playground" \
      org.opencontainers.image.description="Runs TypeScript plugins as durable jobs and reports every job by webhook" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/playground-runner/playground"
COPY --from=build /out /
COPY --from=build /app /app
# A new volume gets the owner of the folder that it covers: /data, or /data/artifacts if daemons share it.
COPY --from=build --chown=1000:1000 /data /data
USER 1000:1000
WORKDIR /data
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PLAYGROUND_HOST=0.0.0.0 \
    PLAYGROUND_DATA_DIR=/data \
    PLAYGROUND_PLUGINS_DIR=/plugins
VOLUME /data
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PLAYGROUND_PORT || 8787}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["playground-runner"]
