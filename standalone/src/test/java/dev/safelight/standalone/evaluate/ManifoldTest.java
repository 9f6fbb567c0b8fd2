package dev.safelight.standalone.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ManifoldTest {
    private final Random random = new Random(1);

    @Test
    void aBallReachesToItsThirdNeighbourAndNoFurther() {
        Manifold line = new Manifold(new float[][] {{0}, {1}, {2}, {3}});
        // From the left end the third neighbour is at 3, so the manifold reaches from -3 to 6.
        assertThat(line.coverage(new float[][] {{-3}, {-3.01f}, {6}, {6.01f}})).isEqualTo(0.5);
    }

    @Test
    void oneVectorRepeatedCoversOnlyItself() {
        float[][] repeated = new float[100][];
        java.util.Arrays.fill(repeated, new float[] {1, 2});
        assertThat(new Manifold(repeated).coverage(cloud(100, 0))).isZero();
        assertThat(new Manifold(repeated).coverage(new float[][] {{1, 2}})).isEqualTo(1);
    }

    @Test
    void cloudsOfOneLawOverlapAndDistantOnesDoNot() {
        Manifold cloud = new Manifold(cloud(500, 0));
        assertThat(cloud.coverage(cloud(500, 0))).isGreaterThan(0.9);
        assertThat(cloud.coverage(cloud(500, 50))).isZero();
    }

    private float[][] cloud(int vectors, float centre) {
        float[][] cloud = new float[vectors][2];
        for (float[] vector : cloud) {
            vector[0] = centre + (float) random.nextGaussian();
            vector[1] = centre + (float) random.nextGaussian();
        }
        return cloud;
    }
}
