using Appliance.Kernels.Networks;

namespace Appliance.Strategy.Policies.Files;

/// <summary>The numbers of a policy file.</summary>
/// <param name="Recurrent">From the input up; empty for perceptrons.</param>
/// <param name="Dense">[step networks][layers]: the perceptrons, one where all decisions share it; for recurrent networks one head, whose last layer gives the outputs.</param>
public sealed record PolicyWeights(IReadOnlyList<RecurrentLayer> Recurrent, IReadOnlyList<IReadOnlyList<DenseLayer>> Dense)
{
    public static PolicyWeights Perceptron(IReadOnlyList<DenseLayer> layers) => new([], [layers]);

    public int Outputs => Dense[0][^1].Outputs;

    /// <summary>Numbers in all.</summary>
    public long Parameters => Recurrent.Sum(r => (long)r.InputWeight.Length + r.HiddenWeight.Length + r.InputBias.Length + r.HiddenBias.Length)
        + Dense.Sum(network => network.Sum(l => (long)l.Weight.Length + l.Bias.Length + 2 * (l.OutputNorm?.Scale.Length ?? 0)));

    /// <summary>The dense layers' normalisations, as the metadata states them.</summary>
    public LayerNormEntry[] LayerNorms => [.. Dense[0].SelectMany(Entries)];

    private static IEnumerable<LayerNormEntry> Entries(DenseLayer layer, int index)
    {
        if (layer.InputEpsilon is { } epsilon) yield return new LayerNormEntry(index, NormPlace.Inputs, epsilon);
        if (layer.OutputNorm is { } norm) yield return new LayerNormEntry(index, NormPlace.Outputs, norm.Epsilon);
    }
}
