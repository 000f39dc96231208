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
ENV NODE_ENV=production
WORKDIR /opt/onvif-webrtc-gateway
COPY package.json ./
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/dist ./dist
USER node
# Where http.listen of the config answers; set it when that is not the default.
ENV HEALTH_URL=http://127.0.0.1:8080/healthz
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["run", "--config", "/etc/onvif-webrtc-gateway/gateway.yaml"]
