package dev.safelight.api;

import dev.safelight.api.admin.Administration;
import dev.safelight.api.auth.Authenticator;
import dev.safelight.api.auth.KeyAuthenticator;
import dev.safelight.api.auth.KeyStore;
import dev.safelight.api.events.CancelNotices;
import dev.safelight.api.events.JobWatch;
import dev.safelight.api.events.LivePreviews;
import dev.safelight.api.events.LiveProgress;
import dev.safelight.api.events.TopicListener;
import dev.safelight.api.events.Waiters;
import dev.safelight.api.file.FileHandlers;
import dev.safelight.api.file.FileStore;
import dev.safelight.api.file.ImageFetch;
import dev.safelight.api.file.ImageIntake;
import dev.safelight.api.file.InputImages;
import dev.safelight.api.file.UploadFile;
import dev.safelight.api.health.Health;
import dev.safelight.api.health.Metrics;
import dev.safelight.api.health.Readiness;
import dev.safelight.api.http.ApiDocument;
import dev.safelight.api.http.Handler;
import dev.safelight.api.http.HttpFront;
import dev.safelight.api.http.Operation;
import dev.safelight.api.http.Reply;
import dev.safelight.api.http.Routes;
import dev.safelight.api.http.UploadRoom;
import dev.safelight.api.link.OutputLinks;
import dev.safelight.api.link.UrlSecrets;
import dev.safelight.api.page.Page;
import dev.safelight.api.query.Fleet;
import dev.safelight.api.query.GetJob;
import dev.safelight.api.query.GetModel;
import dev.safelight.api.query.GetOutput;
import dev.safelight.api.query.GetUsage;
import dev.safelight.api.query.JobQueries;
import dev.safelight.api.query.JobReader;
import dev.safelight.api.query.JobViews;
import dev.safelight.api.query.ListJobs;
import dev.safelight.api.query.ListModels;
import dev.safelight.api.query.ListWorkers;
import dev.safelight.api.relay.Relay;
import dev.safelight.api.relay.RelayStage;
import dev.safelight.api.relay.Rescuer;
import dev.safelight.api.stream.EventStreams;
import dev.safelight.api.stream.FollowJob;
import dev.safelight.api.submit.CancelJob;
import dev.safelight.api.submit.DeleteJob;
import dev.safelight.api.submit.RetryJob;
import dev.safelight.api.submit.SubmissionReply;
import dev.safelight.api.submit.SubmitBatch;
import dev.safelight.api.submit.SubmitJob;
import dev.safelight.api.submit.Submitter;
import dev.safelight.api.sweep.Sweeper;
import dev.safelight.api.tenant.Queues;
import dev.safelight.api.validate.JobRequestCheck;
import dev.safelight.api.validate.ModelCatalog;
import dev.safelight.api.validate.WebhookCheck;
import dev.safelight.api.webhook.Webhooks;
import dev.safelight.common.bundle.BundleShelf;
import dev.safelight.common.outbound.OutboundRules;
import dev.safelight.common.outbound.Resolver;
import dev.safelight.common.store.Database;
import dev.safelight.common.store.ObjectStore;
import dev.safelight.common.store.ObjectStores;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The API of one process: wires the parts together, starts them, and stops them in the reverse order. */
public final class ApiServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);
    /** A revoked key is refused at the latest after so long. */
    private static final Duration KEYS_HOLD = Duration.ofSeconds(5);

    /** Hundreds of the largest previews, or many thousand small ones; a part of the heap that the image has. */
    private static final long PREVIEW_BYTES = 16 << 20;

    /** A bundle that was put into the folder is found after so long. */
    private static final Duration LOOK_AT_MODELS = Duration.ofSeconds(1);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final String host;
    private int port;

    private ApiServer(String host) {
        this.host = host;
    }

    /**
     * Starts; Postgres and Kafka may still be down.
     *
     * @throws IOException when the address cannot be bound or the store not be opened
     * @throws dev.safelight.common.bundle.BundleException when a bundle is unusable
     */
    public static ApiServer start(ApiSettings settings) throws IOException {
        return start(settings, stage -> {});
    }

    /** @param stages told when the relay passes one; for tests that die there */
    public static ApiServer start(ApiSettings settings, Consumer<RelayStage> stages) throws IOException {
        ApiServer server = new ApiServer(settings.host());
        try {
            server.open(settings, stages);
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    public int port() {
        return port;
    }

    /** Where it listens. */
    public String url() {
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    private void open(ApiSettings settings, Consumer<RelayStage> stages) throws IOException {
        ModelCatalog models =
                new ModelCatalog(BundleShelf.open(settings.models(), LOOK_AT_MODELS, System::nanoTime)::contents);
        PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        closed(meters::close);
        Database database = closed(Database.open(settings.database(), "safelight-api"));
        ObjectStore store = closed(ObjectStores.open(settings.store()));
        Clock clock = Clock.systemUTC();

        Relay relay = closed(new Relay(database, settings.kafka(), settings.relay(), meters, stages));
        Rescuer rescuer = closed(new Rescuer(database, settings.relay(), meters, relay::wake));
        CancelNotices notices = closed(new CancelNotices(settings.kafka()));
        LiveProgress progress = new LiveProgress();
        JobWatch watch = closed(new JobWatch(database));
        Waiters waiters = new Waiters(watch);

        JobQueries jobs = new JobQueries(database);
        JobReader reader = new JobReader(jobs, waiters);
        Fleet fleet = new Fleet(database, clock);
        OutputLinks links = new OutputLinks(
                new UrlSecrets(settings.links().secrets(), database, System::nanoTime),
                settings.links().validity(),
                clock);
        JobViews views = new JobViews(
                jobs,
                fleet,
                progress,
                settings.publicUrl(),
                clock,
                settings.auth().keys() ? Optional.of(links) : Optional.empty());
        LivePreviews previews = new LivePreviews(PREVIEW_BYTES);
        EventStreams streams = new EventStreams(database, watch, jobs, views, progress, previews, clock, meters);
        Queues queues = new Queues(database, System::nanoTime);
        Submitter submitter = closed(new Submitter(database, jobs, settings.backlog(), queues, meters, relay::wake));
        SubmissionReply replies = new SubmissionReply(reader, views);
        Readiness readiness = new Readiness(database);
        Sweeper sweeper = closed(new Sweeper(database, store, settings.sweep(), clock, meters));
        StoreGuard guard = closed(new StoreGuard(database, store, readiness, sweeper::start));

        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(2)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        closed(() -> vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS));
        OutboundRules outbound = new OutboundRules(settings.webhooks().outbound(), Resolver.SYSTEM);
        WebhookCheck webhookCheck = new WebhookCheck(outbound);
        Webhooks webhooks =
                closed(new Webhooks(vertx, database, jobs, views, settings.webhooks(), outbound, clock, meters));
        TopicListener signals = closed(TopicListener.ofSignals(settings.kafka(), entry -> {
            progress.take(entry);
            streams.signalled(entry);
            webhooks.take(entry);
            if (entry.state().terminal()) {
                previews.forget(entry.key());
                watch.hint(entry.key(), true);
                // A slot is free.
                relay.wake();
            }
        }));
        TopicListener shown = closed(TopicListener.ofPreviews(settings.kafka(), preview -> {
            if (previews.take(preview)) {
                streams.shown(preview);
            }
        }));

        Map<String, Handler> handlers = new HashMap<>(webhooks.handlers(webhookCheck));
        ApiDocument document = ApiDocument.load();
        JobRequestCheck check = new JobRequestCheck(models, webhookCheck);
        FileStore files = new FileStore(database, store);
        ImageIntake intake = new ImageIntake(settings.files().pixels());
        UploadRoom room = new UploadRoom(settings.limits().upload());
        ImageFetch fetch = closed(new ImageFetch(
                vertx,
                outbound,
                room,
                settings.limits().upload(),
                settings.files().fetchTimeout()));
        InputImages images = new InputImages(database, store, intake, files, fetch);
        SubmitJob submitJob =
                new SubmitJob(check, submitter, replies, settings.webhooks().sealing(), images);
        handlers.put("submitJob", submitJob);
        handlers.put(
                "submitBatch",
                new SubmitBatch(
                        document.schema("/components/schemas/JobRequest"),
                        document.schema("/components/parameters/IdempotencyKey/schema"),
                        check,
                        submitJob,
                        submitter,
                        replies));
        handlers.put("listJobs", new ListJobs(jobs, views));
        handlers.put("getJob", new GetJob(reader, views));
        handlers.put("followJob", new FollowJob(jobs, streams));
        handlers.put("deleteJob", new DeleteJob(database, jobs, store));
        handlers.put("cancelJob", new CancelJob(database, jobs, views, notices, watch, () -> {
            relay.wake();
            webhooks.wake();
        }));
        handlers.put("retryJob", new RetryJob(jobs, models, submitter, replies, images));
        handlers.put("getOutput", GetOutput.get(jobs, store));
        handlers.put("headOutput", GetOutput.head(jobs, store));
        handlers.put("uploadFile", new UploadFile(intake, files, settings.files(), settings.publicUrl()));
        handlers.put("getFile", FileHandlers.get(files, settings.publicUrl()));
        handlers.put("getFileContent", FileHandlers.content(files, store));
        handlers.put("deleteFile", FileHandlers.delete(files));
        handlers.put("listModels", new ListModels(models, settings.publicUrl()));
        handlers.put("getModel", new GetModel(models, settings.publicUrl()));
        handlers.put("listWorkers", new ListWorkers(fleet));
        handlers.put("getUsage", new GetUsage(database, clock));
        handlers.putAll(Administration.handlers(database, queues, clock, submitter::forgetLimits, relay::wake));
        handlers.put("page", Page.load());
        handlers.put("getDocument", request -> Reply.bytes(200, "application/json", document.bytes()));
        handlers.put("live", Health.live());
        handlers.put("ready", Health.ready(readiness, signals::connected));
        handlers.put("metrics", closed(new Metrics(meters, database)));
        Gauge.builder("safelight.waiters", waiters, Waiters::count)
                .description("Clients that wait for the end of a job")
                .register(meters);

        HttpFront front = closed(new HttpFront(
                vertx,
                new Routes(operations(document, settings), handlers),
                authenticator(settings, database),
                links,
                settings.limits(),
                room,
                meters));
        guard.start();
        port = front.listen(settings.host(), settings.port());
        // First to close: requests that wait for a job would hold the front open.
        closed(waiters);
        closed(streams);

        watch.start();
        streams.start();
        signals.start();
        shown.start();
        relay.start();
        rescuer.start();
        webhooks.start();
        LOG.info("listening on {}", url());
    }

    private static List<Operation> operations(ApiDocument document, ApiSettings settings) {
        return document.operations().stream()
                .map(operation ->
                        operation.id().equals("metrics") && settings.metricsOpen() ? operation.opened() : operation)
                .toList();
    }

    private static Authenticator authenticator(ApiSettings settings, Database database) {
        if (!settings.auth().keys()) {
            return Authenticator.EVERYBODY;
        }
        return new KeyAuthenticator(new KeyStore(database), settings.auth(), KEYS_HOLD, System::nanoTime);
    }

    private <T extends AutoCloseable> T closed(T part) {
        parts.push(part);
        return part;
    }

    /** Stops accepting, finishes what was accepted, and closes everything. */
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            AutoCloseable part = parts.pop();
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("closing {}: {}", part.getClass().getSimpleName(), e.getMessage());
            }
        }
    }
}
