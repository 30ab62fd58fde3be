using Appliance.Kernels.Networks;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Host.Onnx;

/// <summary>An ONNX file as the parts of a policy. Outputs are offset + scale × transform(raw), held within the bounds.</summary>
/// <param name="Normalisation">Of each feature, as the model has it; (0, 1) where it has none.</param>
/// <param name="OutputMaps">One or two.</param>
internal sealed record OnnxPolicy(
    PolicyArchitecture Architecture, PolicyWeights Weights, Activation Activation, bool ResetGateAfter, OutputTransform Transform,
    (double Mean, double Scale)[] Normalisation, OutputMap[] OutputMaps);

/// <summary>From a graph's output back to its input: bounds, output transform, dense layers, recurrent layers, normalisation.</summary>
internal static class OnnxImport
{
    /// <summary>Bounds of outputs that the model does not clip: beyond any position, and finite as the format wants them.</summary>
    public const double Unbounded = 1e15;

    public static OnnxPolicy Read(ReadOnlyMemory<byte> bytes, int features)
    {
        OnnxModel model = OnnxModel.Parse(bytes);
        FlowValue at = OnnxGraph.Walk(model, features);
        int outputs = at.Map.Outputs;
        if (outputs is not (1 or 2)) throw new OnnxException($"output \"{model.Outputs[0]}\" has {outputs} values; a policy has one (the target) or two (with the band's half-width, or with --band its edges)");
        (double lower, double upper) = (-Unbounded, Unbounded);
        if (at.Stage is ClipStage clip && at.Map.IsIdentity)
        {
            (lower, upper) = (Math.Max(lower, clip.Lower), Math.Min(upper, clip.Upper));
            at = clip.From!;
        }
        OutputTransform transform = OutputTransform.Identity;
        OutputMap[] maps = [.. Enumerable.Repeat(new OutputMap(1, 0, lower, upper), outputs)];
        if (at.Stage is FunctionStage last && at.Map.IsDiagonal && last.Function != GraphFunction.Silu)
        {
            transform = Enum.Parse<OutputTransform>(last.Function.ToString());
            maps = [.. at.Map.Scale.Select((s, i) => new OutputMap(s, at.Map.Offset[i], lower, upper))];
            at = last.From!;
        }
        var dense = new List<DenseLayer>();
        Activation? activation = null;
        while (true)
        {
            if (at.Stage is ClipStage inner) throw OnnxGraph.Unsupported(inner.Node!, "Clip before the output");
            LayerNorm? outputNorm = null;
            // A normalisation of what a matrix gives belongs to that layer; one of anything else to the layer above, whose weights take its scale and offset.
            if (at.Stage is LayerNormStage above && at.Map.IsDiagonal && !above.From!.Map.IsDiagonal)
            {
                outputNorm = new LayerNorm(Floats(at.Map.Scale), Floats(at.Map.Offset), (float)above.Epsilon);
                at = above.From!;
            }
            int inputs = at.Stage.Width;
            float? inputEpsilon = at.Stage is LayerNormStage norm ? (float)norm.Epsilon : null;
            dense.Insert(0, new DenseLayer(inputs, at.Map.Outputs, Floats(at.Map.AsDense(inputs)), Floats(at.Map.Offset)) { InputEpsilon = inputEpsilon, OutputNorm = outputNorm });
            if (at.Stage is LayerNormStage below && (at = below.From!) is { Map.IsIdentity: false } or { Stage: LayerNormStage })
                throw OnnxGraph.Unsupported(below.Node!, "a normalisation that is followed by a matrix without an activation between, or stands over another or over a scaled activation,");
            if (at.Stage is not FunctionStage stage) break;
            Activation here = stage.Function switch
            {
                GraphFunction.Relu => Activation.Relu, GraphFunction.Tanh => Activation.Tanh, GraphFunction.Sigmoid => Activation.Sigmoid, GraphFunction.Silu => Activation.Silu,
                _ => throw OnnxGraph.Unsupported(stage.Node!, "this function between layers"),
            };
            if (activation is { } other && other != here) throw OnnxGraph.Unsupported(stage.Node!, $"{here} beside {other} in one network");
            activation = here;
            at = stage.From!;
        }
        var recurrent = new List<RecurrentLayer>();
        while (at.Stage is RecurrentStage layer)
        {
            if (recurrent.Count > 0 && recurrent[0].Kind != layer.Layer.Kind) throw OnnxGraph.Unsupported(layer.Node!, $"{layer.Layer.Kind} beside {recurrent[0].Kind} in one network");
            recurrent.Insert(0, layer.Layer);
            at = layer.From!;
        }
        if (at.Stage is FunctionStage or LayerNormStage) throw OnnxGraph.Unsupported(at.Stage.Node!, "an activation or a layer normalisation below a recurrent layer");
        if (at.Stage is ClipStage clipped) throw OnnxGraph.Unsupported(clipped.Node!, "Clip before the output");
        AffineMap? normalisation = at.Stage is NormalisedStage n ? n.From!.Map : null;
        (double, double)[] normalised = [.. Enumerable.Range(0, features).Select(i => normalisation is null ? (0.0, 1.0) : (-normalisation.Offset[i] / normalisation.Scale[i], 1 / normalisation.Scale[i]))];
        PolicyArchitecture architecture = recurrent.Count == 0 ? PolicyArchitecture.Mlp : recurrent[0].Kind == RecurrentKind.Lstm ? PolicyArchitecture.Lstm : PolicyArchitecture.Gru;
        return new OnnxPolicy(architecture, new PolicyWeights(recurrent, [dense]), activation ?? Activation.Relu, recurrent.Count == 0 || recurrent[0].Kind != RecurrentKind.GruResetBefore, transform, normalised, maps);
    }

    private static float[] Floats(double[] values) => [.. values.Select(v => (float)v)];
}
