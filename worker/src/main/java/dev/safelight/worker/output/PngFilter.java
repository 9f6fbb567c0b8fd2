package dev.safelight.worker.output;

/**
 * Replaces each sample by its difference to a guess from its neighbours, which compresses better. The filter of each row
 * is the one with the least sum of absolute differences, the heuristic that the PNG specification recommends (section
 * 12.7 of the third edition).
 */
enum PngFilter {
    NONE {
        @Override
        int guess(int left, int above, int aboveLeft) {
            return 0;
        }
    },
    SUB {
        @Override
        int guess(int left, int above, int aboveLeft) {
            return left;
        }
    },
    UP {
        @Override
        int guess(int left, int above, int aboveLeft) {
            return above;
        }
    },
    AVERAGE {
        @Override
        int guess(int left, int above, int aboveLeft) {
            return (left + above) / 2;
        }
    },
    PAETH {
        @Override
        int guess(int left, int above, int aboveLeft) {
            int estimate = left + above - aboveLeft;
            int toLeft = Math.abs(estimate - left);
            int toAbove = Math.abs(estimate - above);
            int toAboveLeft = Math.abs(estimate - aboveLeft);
            if (toLeft <= toAbove && toLeft <= toAboveLeft) {
                return left;
            }
            return toAbove <= toAboveLeft ? above : aboveLeft;
        }
    };

    /** Of the neighbours' samples, 0 to 255; those outside of the picture are 0. */
    abstract int guess(int left, int above, int aboveLeft);

    /**
     * @param stride samples a row
     * @param distance samples between a pixel and its left neighbour: the number of channels
     * @return the rows, each behind the number of its filter
     */
    static byte[] filter(byte[] samples, int stride, int distance) {
        int rows = samples.length / stride;
        byte[] filtered = new byte[rows * (stride + 1)];
        byte[] candidate = new byte[stride];
        for (int row = 0; row < rows; row++) {
            int target = row * (stride + 1);
            long best = Long.MAX_VALUE;
            for (PngFilter filter : values()) {
                long cost = filter.apply(samples, row, stride, distance, candidate);
                if (cost < best) {
                    best = cost;
                    filtered[target] = (byte) filter.ordinal();
                    System.arraycopy(candidate, 0, filtered, target + 1, stride);
                }
            }
        }
        return filtered;
    }

    /** @return the sum of absolute differences */
    private long apply(byte[] samples, int row, int stride, int distance, byte[] target) {
        int start = row * stride;
        long cost = 0;
        for (int column = 0; column < stride; column++) {
            int left = column < distance ? 0 : samples[start + column - distance] & 0xff;
            int above = row == 0 ? 0 : samples[start + column - stride] & 0xff;
            int aboveLeft = column < distance || row == 0 ? 0 : samples[start + column - stride - distance] & 0xff;
            target[column] = (byte) (samples[start + column] - guess(left, above, aboveLeft));
            cost += Math.abs(target[column]);
        }
        return cost;
    }
}
