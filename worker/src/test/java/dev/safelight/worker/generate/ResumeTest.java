package dev.safelight.worker.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.safelight.common.request.GenerationInput;
import dev.safelight.common.request.Recipe;
import dev.safelight.common.request.Recipes;
import dev.safelight.common.sampling.Level;
import dev.safelight.common.sampling.Method;
import dev.safelight.common.sampling.Plan;
import dev.safelight.common.sampling.Sampler;
import dev.safelight.worker.batch.Batcher;
import dev.safelight.worker.batch.Conditioning;
import dev.safelight.worker.batch.Networks;
import dev.safelight.worker.batch.Row;
import dev.safelight.worker.batch.Ticket;
import dev.safelight.worker.checkpoint.Checkpoint;
import dev.safelight.worker.checkpoint.Checkpoint.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A job that is put down after any step and taken up from its checkpoint's bytes ends in the same bits. */
@Timeout(60)
class ResumeTest {
    private static final int STEPS = 9;

    private final Batcher batcher = new Batcher("test");
    private final Networks.RowWise network = new Networks.RowWise(8, ResumeTest::velocity);

    @AfterEach
    void close() {
        batcher.close();
    }

    static Stream<Method> samplers() {
        return new Recipes(Jobs.tiny()).methods().stream();
    }

    @ParameterizedTest
    @MethodSource("samplers")
    void goesOnToTheSameBitsFromAnyStep(Method method) throws Exception {
        goesOn(Jobs.images(2, new GenerationInput("square", method.name(), STEPS, 1.5, 7, 1, 0.6, "trailing", false)));
    }

    /** Torch's noise is a stream, of which a checkpoint holds no position. */
    @Test
    void goesOnInTorchsStream() throws Exception {
        goesOn(Jobs.images(2, Jobs.input("ddpm", STEPS, 1.5, 7)).with("noise", "torch"));
    }

    private void goesOn(GenerationInput input) throws Exception {
        int before = rows();
        List<float[]> whole = Latents.of(new Generation(model(), input).run(Jobs.ticket(), Progress.Listener.NONE));
        int needed = rows() - before;

        for (int stop = 1; stop < STEPS; stop++) {
            Checkpoint checkpoint = interrupted(input, stop);
            assertThat(checkpoint.step()).isBetween(1, STEPS);
            int start = rows();
            Watch watch = new Watch();
            List<float[]> resumed =
                    Latents.of(new Generation(model(), input).run(Jobs.ticket(), Optional.of(checkpoint), watch));
            assertThat(resumed).hasSize(2);
            for (int image = 0; image < 2; image++) {
                assertThat(resumed.get(image)).as("from step %d", stop).isEqualTo(whole.get(image));
            }
            assertThat(watch.begun.resumedFrom()).hasValue(checkpoint.step());
            assertThat(watch.begun.step()).isEqualTo(STEPS);
            assertThat(rows() - start).as("nothing is done again").isLessThan(needed);
        }
    }

    /** Some images are done when the job is put down: they are not walked again. */
    @Test
    void keepsTheImagesThatAreDone() throws Exception {
        GenerationInput input = Jobs.images(3, Jobs.input("ddpm", STEPS, 1, 4));
        Watch all = new Watch();
        List<float[]> whole = Latents.of(new Generation(model(), input).run(Jobs.ticket(), all));
        Checkpoint end = all.begun.checkpoint();
        assertThat(end.places()).allSatisfy(place -> {
            assertThat(place.finished()).isNotNull();
            assertThat(place.state()).isNull();
        });
        Checkpoint partly = new Checkpoint(
                end.origin(),
                List.of(
                        end.places().get(0),
                        new Checkpoint.Place(0, null, null),
                        end.places().get(2)));
        int start = rows();
        List<float[]> resumed = Latents.of(
                new Generation(model(), input).run(Jobs.ticket(), Optional.of(reread(partly)), Progress.Listener.NONE));
        for (int image = 0; image < 3; image++) {
            assertThat(resumed.get(image)).isEqualTo(whole.get(image));
        }
        assertThat(rows() - start).as("one image of three is walked").isEqualTo(STEPS);

        start = rows();
        assertThat(Latents.of(
                        new Generation(model(), input).run(Jobs.ticket(), Optional.of(end), Progress.Listener.NONE)))
                .hasSize(3);
        assertThat(rows()).as("all were done").isEqualTo(start);
    }

    @Test
    void startsOverFromAnythingThatIsNotItsOwn() throws Exception {
        GenerationInput input = Jobs.input("dpmpp-2m", STEPS, 1, 4);
        List<float[]> whole = Latents.of(new Generation(model(), input).run(Jobs.ticket(), Progress.Listener.NONE));
        Checkpoint good = interrupted(input, 4);
        Origin origin = good.origin();
        Checkpoint.Place place = good.places().getFirst();
        byte[] cut = java.util.Arrays.copyOf(place.state(), place.state().length - 1);
        List<Checkpoint> strange = List.of(
                with(good, new Origin("other", origin.sampler(), 1, origin.layout(), origin.request())),
                with(good, new Origin(origin.bundle(), "ddim", 1, origin.layout(), origin.request())),
                with(good, new Origin(origin.bundle(), origin.sampler(), 2, origin.layout(), origin.request())),
                with(good, new Origin(origin.bundle(), origin.sampler(), 1, "State()", origin.request())),
                with(good, new Origin(origin.bundle(), origin.sampler(), 1, origin.layout(), "other")),
                new Checkpoint(origin, List.of()),
                new Checkpoint(origin, List.of(place, place)),
                new Checkpoint(origin, List.of(new Checkpoint.Place(4, cut, null))),
                new Checkpoint(origin, List.of(new Checkpoint.Place(4, null, null))),
                new Checkpoint(origin, List.of(new Checkpoint.Place(0, null, null))));
        for (Checkpoint checkpoint : strange) {
            int start = rows();
            Watch watch = new Watch();
            List<float[]> made =
                    Latents.of(new Generation(model(), input).run(Jobs.ticket(), Optional.of(checkpoint), watch));
            assertThat(made.getFirst()).isEqualTo(whole.getFirst());
            assertThat(watch.begun.resumedFrom()).as("%s", checkpoint).isEqualTo(OptionalInt.empty());
            assertThat(rows() - start).isEqualTo(STEPS);
        }
    }

    /** As after an upgrade that lays the same request's levels out anew. */
    @Test
    void startsOverWhereTheLevelsAreOthers() throws Exception {
        GenerationInput input = Jobs.input("dpmpp-2m", STEPS, 1, 4);
        Checkpoint checkpoint = interrupted(input, 4);
        Recipe recipe = Request.of(input, model(), Jobs.ticket()).recipe();
        assertThat(resumption(checkpoint, recipe.sampler(), recipe.plan(), input)
                        .step())
                .hasValue(checkpoint.step());

        List<Level> levels = new ArrayList<>(recipe.plan().levels());
        Level moved = levels.get(STEPS - 1);
        levels.set(STEPS - 1, new Level(moved.time(), moved.signal(), Math.nextUp(moved.noise())));
        Plan others = new Plan(levels, recipe.plan().spacing());
        assertThat(resumption(checkpoint, recipe.sampler(), others, input).step())
                .isEmpty();
    }

    private <S extends Record> Resumption<S> resumption(
            Checkpoint checkpoint, Sampler<S> sampler, Plan plan, GenerationInput input) {
        return Resumption.of(Optional.of(checkpoint), sampler, plan, model(), input);
    }

    /** The control: a state that is not the job's own leads elsewhere, and this test would see it. */
    @Test
    void anotherStateLeadsToAnotherImage() throws Exception {
        GenerationInput input = Jobs.input("ddim", STEPS, 1, 4);
        List<float[]> whole = Latents.of(new Generation(model(), input).run(Jobs.ticket(), Progress.Listener.NONE));
        Checkpoint own = interrupted(input, 4);
        Checkpoint others = interrupted(Jobs.input("ddim", STEPS, 1, 5), 4);
        Checkpoint mixed = new Checkpoint(own.origin(), others.places());
        List<float[]> made = Latents.of(
                new Generation(model(), input).run(Jobs.ticket(), Optional.of(mixed), Progress.Listener.NONE));
        assertThat(made.getFirst()).isNotEqualTo(whole.getFirst());
    }

    private static Checkpoint with(Checkpoint checkpoint, Origin origin) {
        return new Checkpoint(origin, checkpoint.places());
    }

    private static Checkpoint reread(Checkpoint checkpoint) {
        return Checkpoint.read(checkpoint.bytes());
    }

    /** Runs until the slowest image has done so many steps; what is left of it then, from its bytes. */
    private Checkpoint interrupted(GenerationInput input, int step) throws InterruptedException {
        Ticket ticket = Jobs.ticket();
        Watch watch = new Watch();
        Outcome outcome = new Generation(model(), input).run(ticket, new Progress.Listener() {
            @Override
            public void begun(Progress progress) {
                watch.begun(progress);
            }

            @Override
            public void stepped(Progress progress) {
                if (progress.step() == step) {
                    ticket.loseLease();
                }
            }
        });
        assertThat(outcome).isInstanceOf(Outcome.LeaseLost.class);
        return reread(watch.begun.checkpoint());
    }

    private static final class Watch implements Progress.Listener {
        private Progress begun;

        @Override
        public void begun(Progress progress) {
            begun = progress;
        }

        @Override
        public void stepped(Progress progress) {}
    }

    private int rows() {
        return network.calls().stream().mapToInt(Integer::intValue).sum();
    }

    private Model model() {
        return Jobs.model(batcher, network, Latents.KEEP);
    }

    private static float[] velocity(Row row) {
        int condition = ((Conditioning.ClassIndex) row.conditioning()).index();
        float[] output = row.latent().clone();
        for (int i = 0; i < output.length; i++) {
            output[i] = (float) Math.sin(output[i] + condition + row.time() / 300);
        }
        return output;
    }
}
