using System.Runtime.InteropServices;
using Appliance.Kernels.Networks;

namespace Appliance.Strategy.Policies.Files;

/// <summary>Which tensors belong to an architecture, by name and shape, in both directions.</summary>
internal sealed class PolicyTensors(SafetensorsFile file, PolicyMetadata metadata, List<string> faults)
{
    private readonly HashSet<string> _expected = new(StringComparer.Ordinal);

    public PolicyWeights Read()
    {
        int inputs = metadata.Features.Length;
        var recurrent = new List<RecurrentLayer>();
        if (metadata.IsRecurrent)
        {
            for (int l = 0; l < metadata.HiddenSizes.Length; l++)
            {
                int units = metadata.HiddenSizes[l];
                if (Recurrent(l, inputs, units) is { } layer) recurrent.Add(layer);
                inputs = units;
            }
        }
        int[] hidden = metadata.IsRecurrent ? metadata.HeadSizes : metadata.HiddenSizes;
        var dense = new List<DenseLayer>[metadata.StepNetworks];
        for (int k = 0; k < dense.Length; k++) dense[k] = [];
        for (int l = 0; l <= hidden.Length; l++)
        {
            int outputs = l < hidden.Length ? hidden[l] : Outputs($"layers.{l}.bias");
            Dense(l, inputs, outputs, dense);
            inputs = outputs;
        }
        foreach (string name in file.Tensors.Keys.Order(StringComparer.Ordinal))
            if (!_expected.Contains(name)) faults.Add($"tensor \"{name}\" is not expected: {Structure()}");
        return new PolicyWeights(recurrent, dense);
    }

    public static IReadOnlyList<(string Name, int[] Shape, float[] Values)> Of(PolicyMetadata metadata, PolicyWeights weights)
    {
        var tensors = new List<(string, int[], float[])>();
        for (int l = 0; l < weights.Recurrent.Count; l++)
        {
            RecurrentLayer r = weights.Recurrent[l];
            int rows = r.Gates * r.Units;
            tensors.Add(($"recurrent.{l}.inputWeight", [rows, r.Inputs], r.InputWeight));
            tensors.Add(($"recurrent.{l}.hiddenWeight", [rows, r.Units], r.HiddenWeight));
            tensors.Add(($"recurrent.{l}.inputBias", [rows], r.InputBias));
            tensors.Add(($"recurrent.{l}.hiddenBias", [rows], r.HiddenBias));
        }
        if (weights.Dense.Count != metadata.StepNetworks) throw new ArgumentException($"There are {weights.Dense.Count} perceptrons, the metadata says {metadata.StepNetworks}.", nameof(weights));
        int[] steps = metadata.StepNetworks > 1 ? [metadata.StepNetworks] : [];
        for (int l = 0; l < weights.Dense[0].Count; l++)
        {
            DenseLayer first = weights.Dense[0][l];
            tensors.Add(($"layers.{l}.weight", [.. steps, first.Outputs, first.Inputs], [.. weights.Dense.SelectMany(network => network[l].Weight)]));
            tensors.Add(($"layers.{l}.bias", [.. steps, first.Outputs], [.. weights.Dense.SelectMany(network => network[l].Bias)]));
            foreach (NormPlace place in Enum.GetValues<NormPlace>())
            {
                double? stated = EpsilonOf(metadata, l, place);
                if ((float?)stated != (place == NormPlace.Inputs ? first.InputEpsilon : first.OutputNorm?.Epsilon))
                    throw new ArgumentException($"Layer {l} is normalised otherwise at its {PolicyMetadataWriter.Word(place)} than the metadata says.", nameof(weights));
            }
            if (first.OutputNorm is not { } norm) continue;
            tensors.Add(($"layers.{l}.normWeight", [first.Outputs], norm.Scale));
            tensors.Add(($"layers.{l}.normBias", [first.Outputs], norm.Offset));
        }
        return tensors;
    }

    /// <summary>A band has two edges, and a third output where there is a width. Of several hedges each has its own outputs. Otherwise the last bias says whether there is one output (the target) or two (the target and the half-width).</summary>
    private int Outputs(string lastBias) => metadata.Hedges.Length > 0 ? metadata.Hedges.Length * ((metadata.HasBand ? 2 : 1) + (metadata.Hedges[0].HalfWidth is null ? 0 : 1)) :
        metadata.HasBandWidth ? 3 : metadata.Band is not null || file.Tensors.TryGetValue(lastBias, out SafetensorsTensor? bias) && bias.Shape.Length > 0 && bias.Shape[^1] == 2 ? 2 : 1;

    private RecurrentLayer? Recurrent(int layer, int inputs, int units)
    {
        RecurrentKind kind = metadata.Architecture == PolicyArchitecture.Lstm ? RecurrentKind.Lstm : metadata.ResetGateAfter ? RecurrentKind.GruResetAfter : RecurrentKind.GruResetBefore;
        int rows = RecurrentLayer.GatesOf(kind) * units;
        float[]? inputWeight = Values($"recurrent.{layer}.inputWeight", [rows, inputs]), hiddenWeight = Values($"recurrent.{layer}.hiddenWeight", [rows, units]);
        float[]? inputBias = Values($"recurrent.{layer}.inputBias", [rows]), hiddenBias = Values($"recurrent.{layer}.hiddenBias", [rows]);
        return inputWeight is null || hiddenWeight is null || inputBias is null || hiddenBias is null ? null
            : new RecurrentLayer(kind, inputs, units, inputWeight, hiddenWeight, inputBias, hiddenBias);
    }

    private void Dense(int layer, int inputs, int outputs, List<DenseLayer>[] networks)
    {
        int[] steps = networks.Length > 1 ? [networks.Length] : [];
        float[]? weight = Values($"layers.{layer}.weight", [.. steps, outputs, inputs]);
        float[]? bias = Values($"layers.{layer}.bias", [.. steps, outputs]);
        if (weight is null || bias is null) return;
        int weights = outputs * inputs;
        float? inputEpsilon = (float?)EpsilonOf(metadata, layer, NormPlace.Inputs);
        LayerNorm? norm = null;
        if (EpsilonOf(metadata, layer, NormPlace.Outputs) is { } epsilon)
        {
            float[]? scale = Values($"layers.{layer}.normWeight", [outputs]), offset = Values($"layers.{layer}.normBias", [outputs]);
            if (scale is null || offset is null) return;
            norm = new LayerNorm(scale, offset, (float)epsilon);
        }
        for (int k = 0; k < networks.Length; k++)
            networks[k].Add(new DenseLayer(inputs, outputs, weight.AsSpan(k * weights, weights).ToArray(), bias.AsSpan(k * outputs, outputs).ToArray()) { InputEpsilon = inputEpsilon, OutputNorm = norm });
    }

    private static double? EpsilonOf(PolicyMetadata metadata, int layer, NormPlace place)
    {
        foreach (LayerNormEntry entry in metadata.LayerNorms)
            if (entry.Layer == layer && entry.Place == place) return entry.Epsilon;
        return null;
    }

    private float[]? Values(string name, int[] shape)
    {
        _expected.Add(name);
        string expected = $"F32 [{string.Join(",", shape)}]";
        if (!file.Tensors.TryGetValue(name, out SafetensorsTensor? tensor))
        {
            faults.Add($"tensor \"{name}\" is missing, expected {expected}");
            return null;
        }
        string seen = $"{tensor.ElementType} [{string.Join(",", tensor.Shape)}]";
        if (tensor.ElementType != "F32" || !tensor.Shape.AsSpan().SequenceEqual(shape))
        {
            faults.Add($"tensor \"{name}\": seen {seen}, expected {expected}");
            return null;
        }
        if (tensor.Bytes.Length != tensor.Elements * sizeof(float))
        {
            faults.Add($"tensor \"{name}\": {seen} takes {tensor.Elements * sizeof(float)} bytes, its data_offsets span {tensor.Bytes.Length}");
            return null;
        }
        float[] values = MemoryMarshal.Cast<byte, float>(tensor.Bytes.Span).ToArray();
        int bad = Array.FindIndex(values, v => !float.IsFinite(v));
        if (bad < 0) return values;
        faults.Add($"tensor \"{name}\": element {bad} is {values[bad]}, expected a finite number");
        return null;
    }

    private string Structure() => metadata.IsRecurrent
        ? $"with hiddenSizes [{string.Join(",", metadata.HiddenSizes)}] and headSizes [{string.Join(",", metadata.HeadSizes)}] there are recurrent.0 to recurrent.{metadata.HiddenSizes.Length - 1} and layers.0 to layers.{metadata.HeadSizes.Length}"
        : $"with hiddenSizes [{string.Join(",", metadata.HiddenSizes)}] there are layers.0 to layers.{metadata.HiddenSizes.Length}";
}
