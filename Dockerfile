# One image a component; the build stage is shared:
#   docker build --target api -t safelight-api .
#   docker build --target worker -t safelight-worker .
#   docker build --target worker-gpu -t safelight-worker-gpu .
#   docker build --target migrations -t safelight-migrations .

FROM maven:3-eclipse-temurin-25 AS build
WORKDIR /source
COPY pom.xml .
COPY .mvn .mvn
COPY common common
COPY migrations migrations
COPY embedded embedded
COPY api api
COPY worker worker
# Maven wants to see every module that the parent names.
COPY standalone/pom.xml standalone/pom.xml
COPY bench/pom.xml bench/pom.xml
RUN mvn --batch-mode --quiet --projects common,migrations,embedded,api,worker -DskipTests package

FROM eclipse-temurin:25-jre AS runtime
RUN useradd --system --uid 10001 --create-home safelight
WORKDIR /opt/safelight
USER safelight

FROM runtime AS migrations
COPY --from=build /source/migrations/target/lib lib
COPY --from=build /source/migrations/target/safelight-migrations-0.1.0-SNAPSHOT.jar safelight-migrations.jar
ENTRYPOINT ["java", "-jar", "safelight-migrations.jar"]

FROM runtime AS api
COPY --from=build /source/api/target/lib lib
COPY --from=build /source/api/target/safelight-api-0.1.0-SNAPSHOT.jar safelight-api.jar
COPY models models
ENV SAFELIGHT_HTTP_HOST=0.0.0.0
EXPOSE 8080
ENTRYPOINT ["java", "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx320m", "-jar", "safelight-api.jar"]

FROM runtime AS worker
COPY --from=build /source/worker/target/lib lib
COPY --from=build /source/worker/target/safelight-worker-0.1.0-SNAPSHOT.jar safelight-worker.jar
COPY models models
# A thread that spins while it waits for work takes the core that another thread needs.
ENV OMP_WAIT_POLICY=PASSIVE
ENTRYPOINT ["java", "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow", "-Xmx1g", "-jar", "safelight-worker.jar"]

# The GPU libraries of PyTorch 2.7.1 are in no Maven repository: libtorch comes from a PyTorch image.
FROM pytorch/pytorch:2.7.1-cuda12.8-cudnn9-runtime AS worker-gpu
COPY --from=eclipse-temurin:25-jre /opt/java/openjdk /opt/java/openjdk
ENV PATH=/opt/java/openjdk/bin:$PATH
RUN useradd --system --uid 10001 --create-home safelight
WORKDIR /opt/safelight
USER safelight
COPY --from=build /source/worker/target/lib lib
COPY --from=build /source/worker/target/safelight-worker-0.1.0-SNAPSHOT.jar safelight-worker.jar
COPY models models
ENV PYTORCH_LIBRARY_PATH=/opt/conda/lib/python3.11/site-packages/torch/lib \
    PYTORCH_FLAVOR=cu128 \
    LD_LIBRARY_PATH=/opt/conda/lib/python3.11/site-packages/torch/lib:/opt/conda/lib/python3.11/site-packages/nvidia/cuda_runtime/lib:/opt/conda/lib \
    SAFELIGHT_DEVICE=cuda \
    # Else PyTorch rounds what convolutions multiply to eleven bits, which is more than a bundle's golden tensors forgive.
    NVIDIA_TF32_OVERRIDE=0 \
    OMP_WAIT_POLICY=PASSIVE
# The base image sets PYTORCH_VERSION, which DJL would take as an order to fetch another build than its own.
ENTRYPOINT ["env", "-u", "PYTORCH_VERSION", "java", "-XX:+ExitOnOutOfMemoryError", "--sun-misc-unsafe-memory-access=allow", "-Xmx2g", "-jar", "safelight-worker.jar"]
