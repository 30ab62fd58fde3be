using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Strategy.Policies;

/// <summary>
/// A trained network as a policy: features normalised as its file says, one inference in single precision, its outputs mapped and bounded as the file says.
/// The file is one safetensors container with tensors "layers.N.weight" [outputs, inputs] and "layers.N.bias" [outputs], F32; <see cref="PolicyMetadata"/> describes the rest.
/// A network that answers with something that is no number holds the position, and is counted.
/// </summary>
public sealed class MlpPolicy : IHedgePolicy
{
    private readonly Mlp _network;
    private readonly NormalisedFeature[] _features;
    private readonly double[] _inverseScale;
    private readonly float[] _input, _output;

    private MlpPolicy(string name, PolicyMetadata metadata, Mlp network, string sha256)
    {
        Name = name;
        Metadata = metadata;
        FileSha256 = sha256;
        _network = network;
        _features = metadata.Features;
        _inverseScale = _features.Select(f => 1 / f.Scale).ToArray();
        _input = new float[network.Inputs];
        _output = new float[network.Outputs];
    }

    public string Name { get; }
    public PolicyMetadata Metadata { get; }
    /// <summary>Of the whole file, in lower-case hexadecimal: the journal's header pins it.</summary>
    public string FileSha256 { get; }
    /// <summary>Decisions on which the network's answer was no number. Counts only; nothing depends on it.</summary>
    public long NonFiniteDecisions { get; private set; }

    public HedgeTarget Decide(in PortfolioState state)
    {
        for (int i = 0; i < _features.Length; i++)
            _input[i] = (float)((PolicyFeatures.Read(_features[i].Feature, in state) - _features[i].Mean) * _inverseScale[i]);
        _network.Infer(_input, _output);
        double target = Metadata.Target.Apply(_output[0]);
        double halfWidth = _output.Length > 1 ? Metadata.HalfWidth.Apply(_output[1]) : Metadata.HalfWidth.Apply(0);
        if (Metadata.TargetKind == TargetKind.HedgeRatio) target *= state.NeutralHedgeUnits;
        if (double.IsFinite(target) && double.IsFinite(halfWidth)) return new HedgeTarget(target, target - halfWidth, target + halfWidth);
        NonFiniteDecisions++;
        double held = state.HedgePositionUnits;
        return new HedgeTarget(held, held, held);
    }

    /// <exception cref="PolicyFileException">The file cannot be used; every fault is in the message.</exception>
    public static MlpPolicy Load(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PolicyFileException(path, $"cannot be read: {e.Message}");
        }
        return Parse(path, bytes);
    }

    public static MlpPolicy Parse(string path, byte[] bytes)
    {
        SafetensorsFile file = SafetensorsFile.Parse(path, bytes);
        var faults = new List<string>();
        PolicyMetadata? metadata = PolicyMetadata.TryRead(file.Metadata, faults);
        if (metadata is null) throw new PolicyFileException(path, faults);

        int layerCount = metadata.HiddenSizes.Length + 1;
        var layers = new List<DenseLayer>();
        var expected = new HashSet<string>(StringComparer.Ordinal);
        int inputs = metadata.Features.Length;
        for (int l = 0; l < layerCount; l++)
        {
            string weightName = $"layers.{l}.weight", biasName = $"layers.{l}.bias";
            expected.Add(weightName);
            expected.Add(biasName);
            bool last = l == layerCount - 1;
            // The last layer may have one output (the target) or two (the target and the band): its bias says which.
            int outputs = !last ? metadata.HiddenSizes[l] : file.Tensors.TryGetValue(biasName, out SafetensorsTensor? b) && b.Shape is [2] ? 2 : 1;
            float[]? weight = Read(file, weightName, [outputs, inputs], faults);
            float[]? bias = Read(file, biasName, [outputs], faults);
            if (weight is not null && bias is not null) layers.Add(new DenseLayer(inputs, outputs, weight, bias));
            inputs = outputs;
        }
        foreach (string name in file.Tensors.Keys.Order(StringComparer.Ordinal))
            if (!expected.Contains(name)) faults.Add($"tensor \"{name}\" is not expected: with hiddenSizes [{string.Join(",", metadata.HiddenSizes)}] there are layers.0 to layers.{layerCount - 1}");
        if (faults.Count > 0) throw new PolicyFileException(path, faults);

        string name2 = string.Create(CultureInfo.InvariantCulture, $"mlp({Path.GetFileName(path)})");
        return new MlpPolicy(name2, metadata, new Mlp(layers, metadata.Activation), Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>The bytes of a policy file: what the lab writes and <see cref="Parse"/> reads.</summary>
    public static byte[] Write(PolicyMetadata metadata, IReadOnlyList<DenseLayer> layers)
    {
        var tensors = new List<(string, int[], float[])>();
        for (int l = 0; l < layers.Count; l++)
        {
            tensors.Add(($"layers.{l}.weight", [layers[l].Outputs, layers[l].Inputs], layers[l].Weight));
            tensors.Add(($"layers.{l}.bias", [layers[l].Outputs], layers[l].Bias));
        }
        return SafetensorsFile.Write(metadata.ToStrings(), tensors);
    }

    private static float[]? Read(SafetensorsFile file, string name, int[] shape, List<string> faults)
    {
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
}
