package dev.safelight.api.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ApiKeyTest {
    @Test
    void aKeyIsReadBackAndShowsOnlyItsId() {
        ApiKey key = ApiKey.draw();
        assertThat(key.reveal()).matches("sl_[0-9a-z]{10}_[0-9a-z]{38}");
        ApiKey read = ApiKey.parse(key.reveal()).orElseThrow();
        assertThat(read.id()).isEqualTo(key.id());
        assertThat(read.sha256()).isEqualTo(key.sha256()).hasSize(32);
        assertThat(key.toString()).isEqualTo("sl_" + key.id() + "_…");
        assertThat(ApiKey.draw().reveal()).isNotEqualTo(key.reveal());
    }

    @Test
    void anyMistypedCharacterIsNoticed() {
        String key = ApiKey.draw().reveal();
        for (int i = 0; i < key.length(); i++) {
            char other = key.charAt(i) == 'b' ? 'c' : 'b';
            assertThat(ApiKey.parse(key.substring(0, i) + other + key.substring(i + 1)))
                    .as("character %d", i)
                    .isEmpty();
        }
        assertThat(ApiKey.parse("")).isEmpty();
        assertThat(ApiKey.parse(key + "0")).isEmpty();
        assertThat(ApiKey.parse(key.toUpperCase(java.util.Locale.ROOT))).isEmpty();
    }
}
