package dev.safelight.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.embedded.testing.TestServers;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.PfxOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A key with a certificate that nobody but itself has signed. */
public record TestCertificate(Path store, Path certificate) {

    /** @param host whom it is about */
    public static TestCertificate of(String host) throws IOException, InterruptedException {
        Path folder = TestServers.newFolder("certificate");
        TestCertificate made = new TestCertificate(folder.resolve("store.p12"), folder.resolve("certificate.pem"));
        made.keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=test", "-ext", "san=dns:" + host);
        made.keytool("-exportcert", "-rfc", "-file", made.certificate.toString());
        return made;
    }

    private void keytool(String... command) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        words.addAll(List.of(command));
        words.addAll(List.of("-alias", "a", "-storepass", "password", "-keystore", store.toString()));
        assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
    }

    /** A server on the loopback interface that shows it. */
    public HttpServer serve(Vertx vertx, Handler<HttpServerRequest> handler) throws Exception {
        HttpServerOptions options = new HttpServerOptions()
                .setHost("127.0.0.1")
                .setPort(0)
                .setSsl(true)
                .setSni(true)
                .setKeyCertOptions(new PfxOptions().setPath(store.toString()).setPassword("password"));
        return vertx.createHttpServer(options)
                .requestHandler(handler)
                .listen()
                .toCompletionStage()
                .toCompletableFuture()
                .get();
    }

    /** What a client that accepts it is told. */
    public PemTrustOptions trust() {
        return new PemTrustOptions().addCertPath(certificate.toString());
    }
}
