# Bellerophon in a container.
#
#   docker build -t bellerophon .
#   docker run --rm --network host --cap-drop ALL --cap-add NET_RAW --read-only \
#       -v /var/log/bellerophon:/var/log/bellerophon \
#       bellerophon watch -i eth1 --eve /var/log/bellerophon/eve.json
#
# --network host: a container's own network has its own interfaces, and shows its own traffic only.
# --cap-drop ALL --cap-add NET_RAW: packet sockets take this capability and nothing else. The folder that is mounted
#   must belong to the user 9469: chown 9469:9469 /var/log/bellerophon
#
# It runs as a user that is not root, with the capability at the file, so that no code of ours runs as root. Two things
# follow:
#   A runtime that sets no-new-privileges (Kubernetes: allowPrivilegeEscalation: false) takes away what the file gains.
#   There, begin as root and give it up: docker run --user 0 --cap-drop ALL --cap-add NET_RAW --cap-add SETUID
#   --cap-add SETGID ... bellerophon watch --user 9469:9469 ...
#   Where NET_RAW is dropped, the kernel does not start the file at all ("operation not permitted"), whatever the command.
#   It is among Docker's default capabilities, so that other commands need no flag:
#   docker run --rm --network none -v "$PWD:/data:ro" bellerophon replay /data

FROM rust:1.95-slim-bookworm AS build
# The newest of the distribution is wanted, and its fixes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcap2-bin libpcap-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package bellerophon --bin bellerophon \
    && strip --output-file=/bellerophon target/release/bellerophon \
    && setcap cap_net_raw=ep /bellerophon

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpcap0.8 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 9469 bellerophon \
    && useradd --system --uid 9469 --gid 9469 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin bellerophon \
    && install -d -m 0750 -o bellerophon -g bellerophon /var/log/bellerophon /run/bellerophon
# Capabilities of a file are an extended attribute, which COPY keeps.
COPY --from=build /bellerophon /usr/bin/bellerophon
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/bellerophon/
USER 9469:9469
ENTRYPOINT ["bellerophon"]
