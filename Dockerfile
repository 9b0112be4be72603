# The image, from a checkout and with nothing but Docker:
#
#   docker build -t tallygate:local .
#
# Its largest layer holds the libraries, which seldom change; on top lie the application, under two megabytes, and the cache
# that was made of both.

ARG JDK=eclipse-temurin:25.0.3_9-jdk-noble
ARG JRE=eclipse-temurin:25.0.3_9-jre-noble

# The jar, taken apart, and the embedded servers for the training. Maven's wrapper wants unzip.
FROM ${JDK} AS build
RUN apt-get update && apt-get install -y --no-install-recommends unzip && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    ./mvnw -B -ntp -Dmaven.test.skip=true package dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory=/build/servers && \
    java -Djarmode=tools -jar target/tallygate-*.jar extract \
      --layers --application-filename tallygate.jar --destination /build/layers && \
    unzip -q -j 'layers/dependencies/lib/netty-transport-native-epoll-*.jar' 'META-INF/native/*' -d /build/native

# All but the cache. Nothing here is writable by who runs it.
FROM ${JRE} AS application
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data tallygate && \
    install -d -o 10001 -g 10001 -m 700 /data
COPY --from=build /build/native/ /app/native/
COPY --from=build /build/layers/dependencies/ /app/
COPY --from=build /build/layers/application/ /app/
COPY docker/java.options docker/ready /app/

# The cache: written by the same JVM from the same files.
FROM application AS training
RUN install -d -o 10001 -g 10001 /training
COPY --from=build /build/servers/ /training/servers/
COPY docker/train /training/
USER 10001:10001
RUN /training/train /app /training/servers /training/tallygate.aot

FROM application
COPY --from=training --chown=0:0 /training/tallygate.aot /app/
USER 10001:10001
WORKDIR /app
ENV TALLYGATE_DATA_DIR=/data
# With these two the root file system may be read-only.
VOLUME ["/data", "/tmp"]
EXPOSE 8080 8081
# A stop takes up to 115 s where nothing else is set: the grace of 60 s, 5 s to tell who is left, 30 s for calls to Stripe,
# and 20 s until every entry is in PostgreSQL. So `docker stop -t 120`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["/app/ready"]
ENTRYPOINT ["java", "@/app/java.options", "-XX:AOTCache=/app/tallygate.aot", "-jar", "/app/tallygate.jar"]
