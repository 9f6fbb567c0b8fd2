package dev.safelight.worker.model;

import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDManager;

/** The processor that networks run on. */
public final class Device {
    private final ai.djl.Device torch;
    private final String name;
    private final PageLock pages;

    /** @param pages locks what the device fetches from memory */
    Device(ai.djl.Device torch, String name, PageLock pages) {
        this.torch = torch;
        this.name = name;
        this.pages = pages;
    }

    /**
     * Starts PyTorch and chooses a device.
     *
     * @param wish {@code cpu}, {@code cuda}, or {@code auto}: a GPU when PyTorch can use one
     * @throws DeviceUnavailable when {@code cuda} is asked for and cannot be used
     * @throws IllegalArgumentException for any other word
     */
    public static Device select(String wish) {
        return switch (wish) {
            case "cpu" -> cpu();
            case "cuda" -> cuda();
            case "auto" -> cudaProblem() == null ? cuda() : cpu();
            default -> throw new IllegalArgumentException("device must be cpu, cuda or auto, not " + wish);
        };
    }

    private static Device cpu() {
        torch();
        return new Device(ai.djl.Device.cpu(), "cpu", PageLock.NONE);
    }

    private static Device cuda() {
        String problem = cudaProblem();
        if (problem != null) {
            throw new DeviceUnavailable("the device cuda was asked for, but " + problem);
        }
        return new Device(ai.djl.Device.gpu(0), "cuda:0", CudaPageLock.ofThisProcess());
    }

    /** Why no GPU can be used; null when one can. DJL itself would fall back to the CPU in silence. */
    private static String cudaProblem() {
        Engine torch = torch();
        if (!torch.hasCapability(StandardCapabilities.CUDA)) {
            return "this PyTorch was built without CUDA: set PYTORCH_LIBRARY_PATH and PYTORCH_FLAVOR to a build that has it";
        }
        return torch.getGpuCount() == 0 ? "no GPU is visible to this process" : null;
    }

    private static Engine torch() {
        prepare();
        return Engine.getEngine("PyTorch");
    }

    /** Read when native code is loaded: it comes from jars, and nothing is reported to anyone. */
    static void prepare() {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
    }

    /** {@code cpu} or {@code cuda:0}. */
    public String name() {
        return name;
    }

    /** What else may be the reason where a network's numbers are not those of another machine; empty on a CPU. */
    public String roundingHint() {
        return torch.isGpu() ? "; a worker on a GPU wants NVIDIA_TF32_OVERRIDE=0 in its environment" : "";
    }

    ai.djl.Device torchDevice() {
        return torch;
    }

    PageLock pageLock() {
        return pages;
    }

    NDManager newManager() {
        return torch().newBaseManager(torch);
    }

    /** The device that was asked for cannot be used; the message says why. */
    public static final class DeviceUnavailable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DeviceUnavailable(String message) {
            super(message);
        }
    }
}
