namespace Appliance.Kernels.Networks;

/// <summary>Which recurrence a layer computes. σ is the logistic function, ∘ the product element by element.</summary>
public enum RecurrentKind
{
    /// <summary>
    /// Gates in the order i, f, g, o (PyTorch's; ONNX has i, o, f, c): i, f, o = σ(·), g = tanh(·), c' = f∘c + i∘g, h' = o∘tanh(c').
    /// Hochreiter and Schmidhuber, Neural Computation 9 (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000).
    /// </summary>
    Lstm,
    /// <summary>
    /// Gates in the order r, z, n (PyTorch's; ONNX has z, r, h): n = tanh(Wx + bᵢ + r∘(Uh + bₕ)), h' = (1 − z)∘n + z∘h. The reset gate stands after the product, as in
    /// PyTorch, cuDNN and ONNX with linear_before_reset = 1.
    /// </summary>
    GruResetAfter,
    /// <summary>As <see cref="GruResetAfter"/>, with the reset gate before the product: n = tanh(Wx + bᵢ + U(r∘h) + bₕ). Cho et al. (2014); ONNX with linear_before_reset = 0.</summary>
    GruResetBefore,
}

/// <summary>One recurrent layer as files hold it; G is 4 gates for the LSTM and 3 for the GRU, one after another by rows.</summary>
/// <param name="InputWeight">[G·units, inputs], row by row.</param>
/// <param name="HiddenWeight">[G·units, units], row by row.</param>
/// <param name="InputBias">[G·units].</param>
/// <param name="HiddenBias">[G·units]; apart from the other because the GRU's third gate needs it apart.</param>
public sealed record RecurrentLayer(RecurrentKind Kind, int Inputs, int Units, float[] InputWeight, float[] HiddenWeight, float[] InputBias, float[] HiddenBias)
{
    public int Gates => GatesOf(Kind);
    /// <summary>What one stream carries from step to step: h, and for the LSTM c after it.</summary>
    public int StateLength => Kind == RecurrentKind.Lstm ? 2 * Units : Units;

    public static int GatesOf(RecurrentKind kind) => kind == RecurrentKind.Lstm ? 4 : 3;
}
