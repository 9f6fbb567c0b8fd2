package dev.safelight.common.sampling;

/**
 * What a method is made from: what the bundle gives and what the request says.
 *
 * @param steps N, at least 1
 */
public record Setting(Offer offer, int steps, Spacing spacing, Values values) {

    public Process process() {
        return offer.process();
    }

    public Setting with(Spacing other) {
        return new Setting(offer, steps, other, values);
    }

    public Setting with(Process other) {
        return new Setting(offer.on(other), steps, spacing, values);
    }

    public <T> T get(Option<T> option) {
        return values.get(option);
    }
}
