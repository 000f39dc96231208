# The gateway as a container: docker run --network host -v /etc/onvif-webrtc-gateway:/etc/onvif-webrtc-gateway:ro IMAGE
# Host networking, since ICE announces the addresses and ports that it is bound to.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.ts

FROM node:24-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
# Optional is only a Node for checkouts on machines with an older one.
RUN npm ci --omit=dev --omit=optional

FROM node:24-bookworm-slim
# ffmpeg converts what browsers do not play, speech for cameras, and snapshots of streams.
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /opt/onvif-webrtc-gateway
COPY package.json ./
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# Where authorities beside those of Node are looked for: mount the host's with -v /etc/ssl/certs:/etc/ssl/certs:ro.
RUN mkdir -p /etc/ssl/certs
USER node
# Where http.listen of the config answers; set it when that is not the default. With http.tls: https://, by the name in the certificate, whose
# authority Node must know (NODE_EXTRA_CA_CERTS).
ENV HEALTH_URL=http://127.0.0.1:8080/healthz
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["run", "--config", "/etc/onvif-webrtc-gateway/gateway.yaml"]
