package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.bundle.BundleReader;
import dev.safelight.common.request.GenerationInput;
import dev.safelight.worker.decode.Picture;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The shipped {@code emoji} bundle draws what the prompt says, and changes pictures that it is given. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmojiTest {
    private static final int SIDE = 64;
    private static final int STEPS = 12;

    private Engine engine;
    private Model model;

    @BeforeAll
    void open() {
        engine = Engine.open("cpu");
        model = engine.load(BundleReader.read(Path.of(System.getProperty("safelight.root"), "models", "emoji")));
    }

    @AfterAll
    void close() {
        engine.close();
    }

    private static GenerationInput input(String prompt, Map<String, Object> more) {
        Map<String, Object> options = new HashMap<>(more);
        options.put("prompt", prompt);
        return new GenerationInput(null, "dpmpp-2m", STEPS, 4, 3, 2, "trailing", false, options);
    }

    private List<Picture> draw(String prompt) throws InterruptedException {
        return pictures(new Generation(model, input(prompt, Map.of())));
    }

    private static List<Picture> pictures(Generation generation) throws InterruptedException {
        Outcome outcome = generation.run(Jobs.ticket(), Progress.Listener.NONE);
        assertThat(outcome).isInstanceOf(Outcome.Pictures.class);
        return ((Outcome.Pictures) outcome).pictures();
    }

    /** Mean brightness of a channel beyond that of another, over all of the pictures. */
    private static double more(List<Picture> pictures, int channel, int than) {
        return pictures.stream()
                .mapToDouble(picture -> {
                    double sum = 0;
                    for (int i = 0; i < picture.pixels().length; i += 3) {
                        sum += Byte.toUnsignedInt(picture.pixels()[i + channel])
                                - Byte.toUnsignedInt(picture.pixels()[i + than]);
                    }
                    return 3 * sum / picture.pixels().length;
                })
                .average()
                .orElseThrow();
    }

    @Test
    void thePromptSaysTheColour() throws InterruptedException {
        List<Picture> red = draw("red heart");
        List<Picture> blue = draw("blue heart");

        assertThat(red)
                .hasSize(2)
                .allSatisfy(picture -> assertThat(List.of(picture.width(), picture.height(), picture.channels()))
                        .isEqualTo(List.of(SIDE, SIDE, 3)));
        assertThat(more(red, 0, 2)).isGreaterThan(more(blue, 0, 2) + 30);
    }

    @Test
    void whatBarelyChangesComesBackThroughEncoderAndDecoder() throws InterruptedException {
        Picture heart = draw("red heart").getFirst();
        Originals originals = new Originals(heart, null);

        Picture kept = pictures(
                        new Generation(model, input("red heart", Map.of("image", "it", "strength", 0.1)), originals))
                .getFirst();
        Picture changed = pictures(
                        new Generation(model, input("green apple", Map.of("image", "it", "strength", 0.9)), originals))
                .getFirst();

        assertThat(apart(kept, heart)).isLessThan(20).isLessThan(apart(changed, heart));
    }

    /** Root mean square, in levels of 0 to 255. */
    private static double apart(Picture a, Picture b) {
        double squares = 0;
        for (int i = 0; i < a.pixels().length; i++) {
            double difference = Byte.toUnsignedInt(a.pixels()[i]) - Byte.toUnsignedInt(b.pixels()[i]);
            squares += difference * difference;
        }
        return Math.sqrt(squares / a.pixels().length);
    }
}
