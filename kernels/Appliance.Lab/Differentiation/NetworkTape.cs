namespace Appliance.Lab.Differentiation;

/// <summary>
/// A network's run over a block of paths, step by step, remembered so that it can be gone through backwards: reverse-mode differentiation written out by hand
/// (Griewank and Walther, "Evaluating Derivatives", 2nd edition, SIAM 2008, chapter 3; through time: Werbos, Proceedings of the IEEE 78 (1990)).
/// Rows are [units, paths]. One tape serves one thread. A tape that does not record keeps one step only: enough to evaluate, not to differentiate.
/// </summary>
public abstract unsafe class NetworkTape(PackedWeights weights, int steps, int paths, bool records) : IDisposable
{
    protected readonly PackedWeights Weights = weights;
    protected readonly NetworkShape Shape = weights.Shape;
    protected readonly int Paths = paths, Steps = steps;
    protected readonly bool Records = records;
    private readonly LaneMemory _outputGradient = new((long)DenseKernels.Padded(weights.Shape.Outputs) * paths);
    private readonly LaneMemory _inputGradient = new((long)DenseKernels.Padded(weights.Shape.Inputs) * paths);

    public static NetworkTape Make(PackedWeights weights, int steps, int paths, bool records) => weights.Shape.RecurrentUnits.Length > 0
        ? new RecurrentTape(weights, steps, paths, records)
        : new PerceptronTape(weights, steps, paths, records);

    /// <summary>The step's inputs [inputs, paths], to be written before <see cref="Forward"/>.</summary>
    public abstract float* Input(int step);
    /// <summary>The step's outputs [outputs, paths].</summary>
    public abstract float* Output(int step);
    /// <summary>The loss's derivative to the step's outputs [outputs, paths], to be written before <see cref="Backward"/>.</summary>
    public float* OutputGradient => _outputGradient.At;
    /// <summary>The loss's derivative to the step's inputs [inputs, paths], after <see cref="Backward"/>.</summary>
    public float* InputGradient => _inputGradient.At;

    /// <summary>A new block of paths begins: what a network carries from step to step is zero again.</summary>
    public virtual void Begin() { }
    public abstract void Forward(int step);
    /// <summary>The way back begins, at the last step.</summary>
    public virtual void BeginBackward() { }
    /// <summary>Steps in falling order. Adds to the lanes.</summary>
    public abstract void Backward(int step, GradientLanes lanes);

    protected int SlotOf(int step) => Records ? step : 0;

    public virtual void Dispose()
    {
        _outputGradient.Dispose();
        _inputGradient.Dispose();
        GC.SuppressFinalize(this);
    }
}
