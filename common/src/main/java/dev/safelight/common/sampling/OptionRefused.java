package dev.safelight.common.sampling;

/** A value that is one of an option's, but that this bundle cannot serve; the message says what it lacks. */
public final class OptionRefused extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String option;

    public OptionRefused(String option, String message) {
        super(message);
        this.option = option;
    }

    /** Name of the option. */
    public String option() {
        return option;
    }
}
