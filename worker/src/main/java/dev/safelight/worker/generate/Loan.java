package dev.safelight.worker.generate;

/** A model that stays where it is until this is closed. */
public interface Loan extends AutoCloseable {
    Model model();

    @Override
    void close();

    /** Of a model that stays anyway. */
    static Loan of(Model model) {
        return new Loan() {
            @Override
            public Model model() {
                return model;
            }

            @Override
            public void close() {}
        };
    }
}
