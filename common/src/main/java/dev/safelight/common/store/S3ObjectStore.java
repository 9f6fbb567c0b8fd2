package dev.safelight.common.store;

import dev.safelight.common.config.StoreSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * Objects of one bucket of Amazon S3 or of a server that speaks its protocol. A PUT is atomic and durable by that
 * protocol. Deadlines are short because callers hold leases and try again themselves.
 */
public final class S3ObjectStore implements ObjectStore {
    private static final Duration CONNECT = Duration.ofSeconds(3);
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final Duration ATTEMPT = Duration.ofSeconds(15);
    private static final Duration CALL = Duration.ofSeconds(40);

    private static final int PUTS = 4;
    /** What servers of the protocol reply whose disks are full (RFC 4918 §11.5). */
    private static final int INSUFFICIENT_STORAGE = 507;

    private final S3Client client;
    private final Optional<S3Presigner> presigner;
    private final String bucket;

    private S3ObjectStore(S3Client client, Optional<S3Presigner> presigner, String bucket) {
        this.client = client;
        this.presigner = presigner;
        this.bucket = bucket;
    }

    /** Opens without calling the server, so that a component can start while it is down. */
    public static S3ObjectStore open(StoreSettings settings) {
        Region region = Region.of(settings.region());
        AwsCredentialsProvider credentials = credentials(settings);
        Optional<URI> endpoint = endpoint(settings);
        S3Configuration dialect = S3Configuration.builder()
                .pathStyleAccessEnabled(endpoint.isPresent())
                // Waiting for a "100 Continue" costs a round trip, and the HTTP client loses requests over it.
                .expectContinueEnabled(false)
                .build();

        S3ClientBuilder client = S3Client.builder()
                .region(region)
                .credentialsProvider(credentials)
                .serviceConfiguration(dialect)
                // Servers other than Amazon's know the protocol without the SDK's own trailing checksums.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .httpClientBuilder(UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT)
                        .socketTimeout(SILENCE))
                .overrideConfiguration(
                        override -> override.apiCallAttemptTimeout(ATTEMPT).apiCallTimeout(CALL));
        S3Presigner.Builder presigner = S3Presigner.builder()
                .region(region)
                .credentialsProvider(credentials)
                .serviceConfiguration(dialect);
        endpoint.ifPresent(client::endpointOverride);
        if (settings.publicEndpoint().equals(StoreSettings.UNREACHABLE)) {
            return new S3ObjectStore(client.build(), Optional.empty(), settings.bucket());
        }
        publicEndpoint(settings).ifPresent(presigner::endpointOverride);
        return new S3ObjectStore(client.build(), Optional.of(presigner.build()), settings.bucket());
    }

    @Override
    public void put(String key, byte[] bytes, String contentType) throws IOException {
        ObjectKeys.checked(key);
        if (bytes.length == 0) {
            throw new IllegalArgumentException("an object has at least one byte: " + key);
        }
        for (int attempt = 1; ; attempt++) {
            try {
                client.putObject(
                        request -> request.bucket(bucket).key(key).contentType(contentType),
                        RequestBody.fromBytes(bytes));
                return;
            } catch (SdkException e) {
                throw failed("PUT", key, e);
            } catch (UncheckedIOException e) {
                // A kept connection that the server has closed: the SDK does not count it among what it retries.
                if (attempt == PUTS) {
                    throw failed("PUT", key, e);
                }
            }
        }
    }

    @Override
    public InputStream open(String key, long first, long last) throws IOException {
        ObjectKeys.checked(key);
        try {
            return client.getObject(request -> request.bucket(bucket).key(key).range("bytes=" + first + "-" + last));
        } catch (NoSuchKeyException e) {
            throw missing(key, e);
        } catch (SdkException e) {
            throw failed("GET", key, e);
        }
    }

    @Override
    public Optional<Long> size(String key) throws IOException {
        ObjectKeys.checked(key);
        try {
            return Optional.of(
                    client.headObject(request -> request.bucket(bucket).key(key))
                            .contentLength());
        } catch (NoSuchKeyException e) {
            return Optional.empty();
        } catch (SdkException e) {
            throw failed("HEAD", key, e);
        }
    }

    @Override
    public void delete(String key) throws IOException {
        ObjectKeys.checked(key);
        try {
            client.deleteObject(request -> request.bucket(bucket).key(key));
        } catch (SdkException e) {
            throw failed("DELETE", key, e);
        }
    }

    @Override
    public Stream<Entry> list(String prefix) throws IOException {
        ObjectKeys.checkedPrefix(prefix);
        Iterator<S3Object> objects;
        try {
            objects = client.listObjectsV2Paginator(
                            request -> request.bucket(bucket).prefix(prefix))
                    .contents()
                    .iterator();
        } catch (SdkException e) {
            throw failed("LIST", prefix, e);
        }
        return Stream.generate(() -> next(objects, prefix))
                .takeWhile(Optional::isPresent)
                .map(Optional::get);
    }

    private Optional<Entry> next(Iterator<S3Object> objects, String prefix) {
        try {
            if (!objects.hasNext()) {
                return Optional.empty();
            }
            S3Object object = objects.next();
            return Optional.of(new Entry(object.key(), object.lastModified()));
        } catch (SdkException e) {
            throw new UncheckedIOException(failed("LIST", prefix, e));
        }
    }

    @Override
    public Optional<URI> presign(String key, String contentType, Duration validity) {
        ObjectKeys.checked(key);
        if (presigner.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(presigner
                    .get()
                    .presignGetObject(request -> request.signatureDuration(validity)
                            .getObjectRequest(object -> object.bucket(bucket)
                                    .key(key)
                                    .responseContentType(contentType)
                                    .responseCacheControl("public, max-age=31536000, immutable")))
                    .url()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the SDK signed something that is no URI", e);
        }
    }

    /** The bucket's name alone: one server may have different addresses inside and outside of a network. */
    @Override
    public String identity() {
        return "s3 " + bucket;
    }

    @Override
    public void close() {
        presigner.ifPresent(S3Presigner::close);
        client.close();
    }

    private static AwsCredentialsProvider credentials(StoreSettings settings) {
        return settings.accessKey().isEmpty()
                ? DefaultCredentialsProvider.builder().build()
                : StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(settings.accessKey(), settings.secretKey()));
    }

    private static Optional<URI> endpoint(StoreSettings settings) {
        return uri(settings.endpoint());
    }

    private static Optional<URI> publicEndpoint(StoreSettings settings) {
        return uri(settings.publicEndpoint()).or(() -> endpoint(settings));
    }

    private static Optional<URI> uri(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(URI.create(text));
    }

    private static NoSuchFileException missing(String key, Exception cause) {
        NoSuchFileException missing = new NoSuchFileException(key);
        missing.initCause(cause);
        return missing;
    }

    private IOException failed(String verb, String key, RuntimeException cause) {
        if (cause instanceof S3Exception refusal && refusal.statusCode() == INSUFFICIENT_STORAGE) {
            return new StoreFullException("s3://" + bucket, cause);
        }
        return new IOException(verb + " s3://" + bucket + "/" + key + ": " + cause.getMessage(), cause);
    }
}
