package dev.safelight.api.sign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.Webhook;
import com.standardwebhooks.exceptions.WebhookVerificationException;
import dev.safelight.common.sign.Signature;
import dev.safelight.common.sign.SigningSecret;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signatures against vectors that were computed elsewhere, and against the reference library. */
class SignatureTest {
    /** From the reference libraries' tests, and three computed with openssl. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | msg_p5jXN8AQM9LWM0D4loKWxJek | 1614265330 | {\"test\": 2432232314} |"
                        + " g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX | 01a211c0-33a7-7403-8edc-3d9af6fb9794 | 1764054000 | {\"type\":\"job.completed\"} | HLsthvdG21rMyw1TzURRmTTp/y5QTfhwDUPV5OzE+lA=",
                "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw== | msg-1 | 1 | {} | 3DAAwBF+irxltyL5P11kak0B1fYrFD9MLYpiw+Qghck=",
                "whsec_//////////////////////////////////////////8= | m_2 | 4102444800 | {\"text\":\"Grüße\"} | +JlLoEobiUdKyVE+6AYSrLkrQ3CgHdcgxv05XUt5ixw="
            })
    void theVectors(String secret, String id, long timestamp, String body, String signature) {
        assertThat(Signature.header(List.of(secret(secret)), id, timestamp, body.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("v1," + signature);
    }

    @Test
    void theReferenceLibraryTakesEitherOfTwoSecrets() throws Exception {
        SigningSecret fresh = SigningSecret.generate();
        SigningSecret old = SigningSecret.generate();
        String body = "{\"type\":\"job.completed\",\"data\":{\"prompt\":\"Grüße 🎞\"}}";
        long now = Instant.now().getEpochSecond();
        String header = Signature.header(List.of(fresh, old), "a-b", now, body.getBytes(StandardCharsets.UTF_8));
        Map<String, List<String>> headers = Map.of(
                "webhook-id",
                List.of("a-b"),
                "webhook-timestamp",
                List.of(Long.toString(now)),
                "webhook-signature",
                List.of(header));
        new Webhook(fresh.reveal()).verify(body, headers);
        new Webhook(old.reveal()).verify(body, headers);
        assertThatThrownBy(() -> new Webhook(old.reveal()).verify(body + " ", headers))
                .isInstanceOf(WebhookVerificationException.class);
        assertThatThrownBy(() -> new Webhook(SigningSecret.generate().reveal()).verify(body, headers))
                .isInstanceOf(WebhookVerificationException.class);
    }

    @ParameterizedTest
    @CsvSource({"23, false", "24, true", "32, true", "64, true", "65, false", "0, false"})
    void aSecretHas24To64Bytes(int bytes, boolean valid) {
        String text = "whsec_" + Base64.getEncoder().encodeToString(new byte[bytes]);
        assertThat(SigningSecret.parse(text).isPresent()).isEqualTo(valid);
    }

    @Test
    void oursCanBeReadAgainAndSaysNothingInALog() {
        SigningSecret secret = SigningSecret.generate();
        assertThat(SigningSecret.parse(secret.reveal())).contains(secret);
        assertThat(secret.toString()).isEqualTo("whsec_…");
        assertThat(SigningSecret.generate()).isNotEqualTo(secret);
    }

    @Test
    void sealedSecretsAreBoundToTenantAndKey() {
        String oldKey = key(1);
        String newKey = key(2);
        SigningSecret secret = SigningSecret.generate();
        Sealing before = Sealing.of(oldKey);
        String sealed = before.seal("default", secret);
        assertThat(sealed).startsWith("aes:").doesNotContain(secret.reveal().substring(6));
        assertThat(before.seal("default", secret)).as("a new nonce each time").isNotEqualTo(sealed);
        assertThat(before.open("default", sealed)).contains(secret);
        assertThatThrownBy(() -> before.open("other", sealed)).isInstanceOf(IllegalStateException.class);

        Sealing during = Sealing.of(newKey + ", " + oldKey);
        assertThat(during.open("default", sealed)).contains(secret);
        Sealing after = Sealing.of(newKey);
        assertThat(after.open("default", sealed)).isEmpty();
        assertThat(after.open("default", during.seal("default", secret))).contains(secret);

        Sealing none = Sealing.of("");
        assertThat(none.open("default", none.seal("default", secret))).contains(secret);
        assertThat(none.open("default", sealed)).isEmpty();
        assertThat(during.open("default", none.seal("default", secret)))
                .as("stored before there was a key")
                .contains(secret);
    }

    @Test
    void aKeyThatIsNoneIsRefusedWithoutBeingRepeated() {
        for (String wrong : List.of("c2hvcnQ=", "!!!")) {
            assertThatThrownBy(() -> Sealing.of(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining(wrong);
        }
    }

    private static String key(int fill) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, (byte) fill);
        return Base64.getEncoder().encodeToString(key);
    }

    private static SigningSecret secret(String text) {
        return SigningSecret.parse(text).orElseThrow();
    }
}
