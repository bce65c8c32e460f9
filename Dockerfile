# Hopkin as an image: built in one stage, the second holds only what runs. Debian 13 by default; --build-arg DEBIAN=bookworm for 12.
ARG DEBIAN=trixie

FROM docker.io/library/debian:${DEBIAN}-slim AS build
WORKDIR /src
COPY server/deps server/deps
# The build tools; deb-src is not needed here, server/deps/libsrtp2 brings a list of its own.
RUN server/deps/apt $(cat server/deps/packages) && server/deps/libsrtp2 build/deps
COPY web/package.json web/package-lock.json web/
RUN server/deps/node web
COPY . .
RUN server/deps/web \
	&& cmake -S . -B build/image -G Ninja -DCMAKE_INSTALL_PREFIX=/usr/local \
	&& ninja -C build/image hopkin hopkin-media \
	&& DESTDIR=/image cmake --install build/image --strip
# The libraries that the two programs were linked with, by the names this release gives them.  libwebsockets loads its libev part by name at run time, so ldd does
# not see that one: it is named below.
RUN ldd /image/usr/local/bin/hopkin /image/usr/local/libexec/hopkin/hopkin-media | awk '$2 == "=>" { print $3 }' | sort -u \
	| xargs -n 1 realpath | xargs -n 1 -I{} sh -c 'dpkg-query -S {} 2>/dev/null || dpkg-query -S "/usr{}" 2>/dev/null || dpkg-query -S "$(echo {} | sed "s,^/usr,,")"' \
	| cut -d: -f1 | sort -u > /image/packages

FROM docker.io/library/debian:${DEBIAN}-slim
COPY --from=build /image/packages /tmp/packages
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openssl hostname libwebsockets-evlib-ev $(cat /tmp/packages) \
	&& rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /tmp/packages \
	&& useradd --system --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin hopkin \
	&& install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /image/usr/local /usr/local
USER 10001:10001
VOLUME /data
EXPOSE 8443/tcp 8443/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["hopkin", "check", "--data", "/data", "--running"]
# A trial certificate is made only where /data/certs holds none.
ENTRYPOINT ["/bin/sh", "-c", "/usr/local/share/hopkin/certs/trial /data && exec hopkin serve --data /data \"$@\"", "hopkin"]
