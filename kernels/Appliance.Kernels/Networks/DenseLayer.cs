namespace Appliance.Kernels.Networks;

/// <summary>One dense layer as files hold it.</summary>
/// <param name="Weight">[outputs, inputs], row by row.</param>
/// <param name="Bias">[outputs].</param>
public sealed record DenseLayer(int Inputs, int Outputs, float[] Weight, float[] Bias)
{
    /// <summary>The inputs are standardised before they are multiplied, (x − mean) / √(variance + this), as layer normalisation does; its scale and offset are part of the weights. Null: they are taken as they come.</summary>
    public float? InputEpsilon { get; init; }
    /// <summary>Normalises W·x + b before the activation; null: nothing stands between them.</summary>
    public LayerNorm? OutputNorm { get; init; }

    public bool IsNormalised => InputEpsilon is not null || OutputNorm is not null;
}

/// <summary>scale∘(x − mean) / √(variance + epsilon) + offset, mean and variance over the values of one row.</summary>
/// <param name="Scale">[outputs].</param>
/// <param name="Offset">[outputs].</param>
public sealed record LayerNorm(float[] Scale, float[] Offset, float Epsilon);
