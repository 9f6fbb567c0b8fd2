package dev.safelight.standalone.sight;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.safelight.api.ApiServer;
import dev.safelight.api.ApiSettings;
import dev.safelight.common.config.DatabaseSettings;
import dev.safelight.common.config.Settings;
import dev.safelight.common.store.Database;
import dev.safelight.common.trace.Tracing;
import dev.safelight.common.wire.Json;
import dev.safelight.embedded.testing.TestServers;
import dev.safelight.worker.WorkerProcess;
import dev.safelight.worker.WorkerSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What an operator sees of one job on its way through an installation with keys, and what nobody must ever see. */
class SightTest {
    private static final Path ROOT = Path.of(System.getProperty("safelight.root"));
    private static final Path OPERATIONS = ROOT.resolve(Path.of("docs", "operations"));
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int STEPS = 6;

    private static final String CLIENT_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String CLIENT_SPAN = "00f067aa0ba902b7";

    private static final String ADMIN_KEY = "canary-admin-key-0123456789abcdef0123";
    private static final String WRONG_KEY = "sl_canary0001_0123456789abcdefghijklmnopqrstuv";
    private static final String URL_SECRET = "canary-url-secret-0123456789abcdef0123";
    private static final String SEALING_KEY =
            Base64.getEncoder().encodeToString("canary-sealing-key-0123456789abc".getBytes(StandardCharsets.UTF_8));
    private static final String WEBHOOK_SECRET = "whsec_"
            + Base64.getEncoder().encodeToString("canary-webhook-secret-0123456789".getBytes(StandardCharsets.UTF_8));
    private static final String S3_SECRET = "canary-s3-secret-key";
    private static final List<String> CANARIES =
            List.of(ADMIN_KEY, WRONG_KEY, URL_SECRET, SEALING_KEY, WEBHOOK_SECRET, S3_SECRET, "canary");

    /** Libraries that see secrets, at their most talkative; into our list and not onto the screen. */
    private static final List<String> TALKATIVE = List.of(
            "com.zaxxer.hikari", "io.vertx", "io.netty", "org.apache.kafka.clients", "org.jdbi", "org.postgresql");

    private static final InMemorySpanExporter SPANS = InMemorySpanExporter.create();
    private static final ListAppender<ILoggingEvent> LOG = new ListAppender<>();
    private static final List<String> REPLIES = new ArrayList<>();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static HttpServer receiver;
    private static ApiServer api;
    private static WorkerProcess worker;
    private static PrometheusMeterRegistry workerMeters;
    private static Database database;
    private static JsonNode job;
    private static String metrics;

    @BeforeAll
    static void sendAJobThrough() throws Exception {
        Logger own = (Logger) LoggerFactory.getLogger("dev.safelight");
        own.setLevel(Level.TRACE);
        LOG.start();
        ((Logger) LoggerFactory.getLogger("ROOT")).addAppender(LOG);
        for (String library : TALKATIVE) {
            Logger logger = (Logger) LoggerFactory.getLogger(library);
            logger.setLevel(Level.DEBUG);
            logger.setAdditive(false);
            logger.addAppender(LOG);
        }
        Tracing.use(OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(SPANS))
                        .build())
                .build());
        CountDownLatch received = new CountDownLatch(1);
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        receiver.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
            received.countDown();
        });
        receiver.start();

        Map<String, String> environment = environment();
        database = Database.open(DatabaseSettings.read(new Settings(environment), 2), "test");
        Settings settings = new Settings(environment);
        ApiSettings apiSettings = ApiSettings.read(settings);
        WorkerSettings workerSettings = WorkerSettings.read(settings);
        settings.check();
        assertThat(apiSettings + " " + workerSettings + sealing()).doesNotContain(CANARIES);
        // A job that a dead worker left behind, for a queue that nobody serves: it is rescued, and waits.
        database.jdbi()
                .useHandle(handle -> handle.execute(
                        "INSERT INTO job (tenant_id, job_id, queue, model, bundle, input, steps, state, attempt, owner,"
                                + " lease_until, started_at) VALUES ('default', gen_random_uuid(), 'nowhere', 'tiny', 'v',"
                                + " '{}', 1, 'running', 1, gen_random_uuid(), now() - interval '1 minute', now())"));
        api = ApiServer.start(apiSettings);
        workerMeters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        worker = WorkerProcess.start(workerSettings, WorkerProcess.Equipment.load(workerSettings), workerMeters);

        String body = """
                {"model": "tiny", "input": {"class": "circle", "steps": %d, "seed": 1, "guidance": 2},
                 "webhook": {"url": "http://127.0.0.1:%d/hook", "secret": "%s"}}""".formatted(STEPS, receiver.getAddress().getPort(), WEBHOOK_SECRET);
        HttpResponse<String> submitted = post("/v1/jobs", body, ADMIN_KEY);
        assertThat(submitted.statusCode()).as(submitted.body()).isEqualTo(202);
        String self = Json.MAPPER.readTree(submitted.body()).at("/urls/self").textValue();
        long end = System.nanoTime() + PATIENCE.toNanos();
        do {
            job = Json.MAPPER.readTree(get(self, ADMIN_KEY, "Prefer", "wait=10").body());
            assertThat(System.nanoTime()).as("%s", job).isLessThan(end);
        } while (!job.at("/state").textValue().equals("succeeded"));
        assertThat(received.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

        mistakes();
        long rescued = System.nanoTime() + PATIENCE.toNanos();
        do {
            metrics = get("/metrics", ADMIN_KEY).body() + workerMeters.scrape();
            assertThat(System.nanoTime()).as(metrics).isLessThan(rescued);
        } while (!metrics.contains("safelight_rescued_total")
                || !metrics.contains("safelight_webhook_lag_seconds_count 1"));
    }

    private static Map<String, String> environment() {
        DatabaseSettings postgres = TestServers.newDatabase();
        Map<String, String> environment = new HashMap<>();
        environment.put("SAFELIGHT_DATABASE_URL", postgres.url());
        environment.put("SAFELIGHT_DATABASE_USER", postgres.user());
        environment.put("SAFELIGHT_DATABASE_PASSWORD", postgres.password());
        environment.put("SAFELIGHT_KAFKA", TestServers.kafka().bootstrapServers());
        environment.put(
                "SAFELIGHT_STORE_FOLDER", TestServers.newFolder("outputs").toString());
        environment.put(
                "SAFELIGHT_MODELS",
                ROOT.resolve(Path.of("worker", "src", "test", "resources", "bundles"))
                        .toString());
        environment.put("SAFELIGHT_DEVICE", "cpu");
        environment.put("SAFELIGHT_HTTP_PORT", "0");
        environment.put("SAFELIGHT_RESCUE_GRACE", "0s");
        environment.put("SAFELIGHT_AUTH", "keys");
        environment.put("SAFELIGHT_ADMIN_KEY", ADMIN_KEY);
        environment.put("SAFELIGHT_URL_SECRET", URL_SECRET);
        environment.put("SAFELIGHT_S3_SECRET_KEY", S3_SECRET);
        environment.put("SAFELIGHT_WEBHOOK_ALLOW", "127.0.0.0/8");
        environment.put(
                "SAFELIGHT_WEBHOOK_PORTS", "80,443," + receiver.getAddress().getPort());
        return environment;
    }

    /** Settings with a key that encrypts webhook secrets; the installation has none, so that its rows hold them as they are. */
    private static ApiSettings sealing() {
        Map<String, String> environment = environment();
        environment.put("SAFELIGHT_SECRET_KEY", SEALING_KEY);
        return ApiSettings.read(new Settings(environment));
    }

    /** Everything that a client can do wrong with a secret in its hands. */
    private static void mistakes() throws Exception {
        get("/v1/jobs", WRONG_KEY);
        get("/v1/jobs?key=" + ADMIN_KEY, WRONG_KEY);
        post("/v1/jobs", "{\"model\": \"" + WEBHOOK_SECRET + "\"", WRONG_KEY);
        post(
                "/v1/jobs",
                "{\"model\": \"tiny\", \"webhook\": {\"url\": \"ftp://a\", \"secret\": \"" + WEBHOOK_SECRET + "\"}}",
                ADMIN_KEY);
        post(
                "/v1/jobs",
                "{\"model\": \"tiny\", \"webhook\": {\"url\": \"https://a.example\", \"secret\": \"" + WEBHOOK_SECRET
                        + "=\"}}",
                ADMIN_KEY);
        post("/v1/jobs/" + UUID.randomUUID() + "/cancel", "", ADMIN_KEY);
        get(job.at("/outputs/0/url").textValue().replace("signature=", "signature=x"), WRONG_KEY);
        // And what Postgres has to say of rows that it refuses.
        String hook = "{\"url\": \"https://a.example\", \"secret\": \"" + WEBHOOK_SECRET + "\"";
        for (String table : List.of("job", "webhook_secret")) {
            execute("ALTER TABLE " + table + " ADD CONSTRAINT never CHECK (false) NOT VALID");
        }
        assertThat(post("/v1/jobs", "{\"model\": \"tiny\", \"webhook\": " + hook + "}}", ADMIN_KEY)
                        .statusCode())
                .isEqualTo(500);
        assertThat(post("/v1/webhooks/endpoints", hook + "}", ADMIN_KEY).statusCode())
                .isEqualTo(500);
        for (String table : List.of("job", "webhook_secret")) {
            execute("ALTER TABLE " + table + " DROP CONSTRAINT never");
        }
    }

    private static void execute(String sql) {
        database.jdbi().useHandle(handle -> handle.execute(sql));
    }

    @AfterAll
    static void stop() {
        worker.close();
        api.close();
        database.close();
        receiver.stop(0);
        Tracing.use(OpenTelemetry.noop());
        ((Logger) LoggerFactory.getLogger("ROOT")).detachAppender(LOG);
        for (String library : TALKATIVE) {
            Logger logger = (Logger) LoggerFactory.getLogger(library);
            logger.detachAppender(LOG);
            logger.setAdditive(true);
            logger.setLevel(
                    library.startsWith("org.apache.kafka") || library.startsWith("com.zaxxer") ? Level.ERROR : null);
        }
        ((Logger) LoggerFactory.getLogger("dev.safelight")).setLevel(Level.INFO);
    }

    @Test
    void oneTraceGoesFromTheClientThroughKafkaToTheWebhook() {
        SpanData submit = span(SpanKind.SERVER, "POST /v1/jobs", CLIENT_SPAN);
        assertThat(submit.getAttributes().get(AttributeKey.longKey("http.response.status_code")))
                .isEqualTo(202);
        SpanData publish = span(SpanKind.PRODUCER, "publish safelight.queue.default", submit.getSpanId());
        SpanData attempt = span(SpanKind.CONSUMER, "attempt", publish.getSpanId());
        assertThat(attempt.getAttributes().get(AttributeKey.stringKey("safelight.outcome")))
                .isEqualTo("succeeded");
        assertThat(attempt.getAttributes().get(AttributeKey.longKey("safelight.evaluations")))
                .isEqualTo(2 * STEPS);
        SpanData webhook = span(SpanKind.CLIENT, "webhook completed", submit.getSpanId());
        for (SpanData span : List.of(submit, publish, attempt, webhook)) {
            assertThat(span.getTraceId()).isEqualTo(CLIENT_TRACE);
            assertThat(span.hasEnded()).isTrue();
        }
    }

    private static SpanData span(SpanKind kind, String name, String parent) {
        Optional<SpanData> found = SPANS.getFinishedSpanItems().stream()
                .filter(span -> span.getKind() == kind
                        && span.getName().startsWith(name)
                        && span.getParentSpanId().equals(parent))
                .findFirst();
        assertThat(found)
                .as(
                        "%s %s under %s among %s",
                        kind,
                        name,
                        parent,
                        SPANS.getFinishedSpanItems().stream()
                                .map(span ->
                                        span.getName() + " " + span.getSpanId() + " under " + span.getParentSpanId())
                                .toList())
                .isPresent();
        return found.get();
    }

    @Test
    void theLinesOfAnAttemptSayWhichJobAndTraceTheyAreAbout() {
        List<ILoggingEvent> lines = log().stream()
                .filter(line -> line.getFormattedMessage().startsWith("attempt 1 ")
                        && line.getFormattedMessage().endsWith("succeeded"))
                .toList();
        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst().getMDCPropertyMap())
                .containsEntry("job_id", job.at("/id").textValue())
                .containsEntry("trace_id", CLIENT_TRACE);
    }

    @Test
    void whatTheJobTookIsOnItsTenantsAccount() throws Exception {
        JsonNode total =
                Json.MAPPER.readTree(get("/v1/usage", ADMIN_KEY).body()).at("/total");
        assertThat(total.at("/jobs/succeeded").intValue()).isEqualTo(1);
        assertThat(total.at("/images").intValue()).isEqualTo(1);
        assertThat(total.at("/evaluations").intValue()).isEqualTo(2 * STEPS);
        assertThat(total.at("/device_seconds").doubleValue()).isPositive();
    }

    @Test
    void noSecretIsInTheLogTheMetricsTheRepliesOrKafka() throws Exception {
        assertThat(log()).hasSizeGreaterThan(100).anyMatch(line -> line.getThrowableProxy() != null);
        for (ILoggingEvent line : log()) {
            String text = line.getFormattedMessage()
                    + line.getMDCPropertyMap()
                    + (line.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(line.getThrowableProxy()));
            assertThat(text).doesNotContain(CANARIES);
        }
        assertThat(metrics).contains("safelight_").doesNotContain(CANARIES);
        assertThat(REPLIES).hasSizeGreaterThan(8);
        for (String reply : REPLIES) {
            assertThat(reply).doesNotContain(CANARIES);
        }
        List<String> records = records();
        assertThat(records).anyMatch(record -> record.contains(job.at("/id").textValue()));
        for (String record : records) {
            assertThat(record).doesNotContain(CANARIES);
        }
        SPANS.getFinishedSpanItems()
                .forEach(span -> assertThat(span.getName() + span.getAttributes() + span.getStatus())
                        .doesNotContain(CANARIES));
    }

    @Test
    void everyMetricIsDocumentedAndEveryDocumentedOneIsThere() throws IOException {
        Map<String, String> exported = new TreeMap<>();
        Map<String, String> help = new TreeMap<>();
        metrics.lines().forEach(line -> {
            Matcher type = Pattern.compile("# TYPE (safelight_\\w+) (\\w+)").matcher(line);
            if (type.matches()) {
                exported.put(type.group(1), type.group(2));
            }
            Matcher words = Pattern.compile("# HELP (safelight_\\w+) (.*)").matcher(line);
            if (words.matches()) {
                help.put(words.group(1), words.group(2));
            }
        });
        String generated = exported.entrySet().stream()
                .map(entry ->
                        "| `" + entry.getKey() + "` | " + entry.getValue() + " | " + help.get(entry.getKey()) + " |")
                .collect(Collectors.joining("\n"));
        Files.writeString(ROOT.resolve(Path.of("standalone", "target", "metrics-table.md")), generated);
        assertThat(documented())
                .as("docs/operations/metrics.md names\n%s", generated)
                .isEqualTo(exported);
    }

    /** A panel or an alert about a metric that does not exist would be silent for ever. */
    @Test
    void dashboardAndAlertsAskForMetricsThatThereAre() throws IOException {
        JsonNode dashboard = Json.MAPPER.readTree(Files.readString(OPERATIONS.resolve("grafana-dashboard.json")));
        assertThat(dashboard.at("/panels").size()).isGreaterThan(8);
        Set<String> known = new TreeSet<>();
        documented().forEach((name, type) -> {
            known.add(name);
            if (type.equals("histogram") || type.equals("summary")) {
                known.addAll(List.of(name + "_bucket", name + "_sum", name + "_count"));
            }
        });
        for (String file : List.of("grafana-dashboard.json", "alerts.yml")) {
            Matcher names = Pattern.compile("safelight_\\w+").matcher(Files.readString(OPERATIONS.resolve(file)));
            int count = 0;
            for (; names.find(); count++) {
                assertThat(known).as(file).contains(names.group());
            }
            assertThat(count).isPositive();
        }
    }

    /** @return type by name */
    private static Map<String, String> documented() throws IOException {
        Map<String, String> documented = new TreeMap<>();
        Matcher rows = Pattern.compile("(?m)^\\| `(safelight_\\w+)` \\| (\\w+) \\|")
                .matcher(Files.readString(OPERATIONS.resolve("metrics.md")));
        while (rows.find()) {
            documented.put(rows.group(1), rows.group(2));
        }
        return documented;
    }

    private static List<ILoggingEvent> log() {
        return List.copyOf(LOG.list);
    }

    /** Keys, values and headers of all records of all topics. */
    private static List<String> records() throws Exception {
        List<String> records = new ArrayList<>();
        Map<String, Object> kafka = Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, TestServers.kafka().bootstrapServers());
        try (Admin admin = Admin.create(kafka);
                KafkaConsumer<byte[], byte[]> consumer =
                        new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            Set<String> topics = admin.listTopics().names().get();
            List<TopicPartition> partitions = topics.stream()
                    .flatMap(topic -> consumer.partitionsFor(topic).stream())
                    .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    records.add(text(record.key()) + " " + text(record.value()) + " " + record.headers());
                }
            }
        }
        return records;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static HttpResponse<String> post(String path, String body, String key)
            throws IOException, InterruptedException {
        return send(request(path, key)
                .header("Content-Type", "application/json")
                .header("traceparent", "00-" + CLIENT_TRACE + "-" + CLIENT_SPAN + "-01")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private static HttpResponse<String> get(String path, String key, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = request(path, key);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private static HttpRequest.Builder request(String path, String key) {
        return HttpRequest.newBuilder(URI.create(api.url() + path))
                .timeout(PATIENCE)
                .header("Authorization", "Bearer " + key);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        REPLIES.add(response.headers().map() + response.body());
        return response;
    }
}
