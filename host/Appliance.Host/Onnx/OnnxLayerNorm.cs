namespace Appliance.Host.Onnx;

/// <summary>
/// Layer normalisation over the features: the operator of opset 17, and what PyTorch writes for older opsets: d = x − ReduceMean(x); d / Sqrt(ReduceMean(Pow(d, 2)) + epsilon). The scale and the
/// offset that follow are an affine map like any other.
/// </summary>
internal static class OnnxLayerNorm
{
    /// <summary>The operator, with its scale (input 1) and, where it has one, its offset (input 2).</summary>
    public static FlowValue Whole(OnnxNode node, FlowValue flow, Func<int, double[]> vector)
    {
        if (node.Integer("axis", -1) != -1) throw OnnxGraph.Unsupported(node, $"axis {node.Integer("axis", -1)} (export with the last axis, -1, alone)");
        int n = flow.Map.Outputs;
        return new FlowValue(Stage(node, node.Number("epsilon", 1e-5), flow), AffineMap.Identity(n).Then(vector(1), node.Input(2) != "" ? vector(2) : new double[n]));
    }

    /// <summary>ReduceMean, Pow or Sqrt.</summary>
    public static GraphValue Part(OnnxNode node, GraphValue of, GraphValue? second)
    {
        switch (node.Operator, of)
        {
            case ("ReduceMean", FlowValue or NormPartValue { Part: NormPart.Square }):
                long[]? axes = node.Integers("axes") ?? (second is ConstantValue c ? [.. c.Tensor.Integers] : null);
                if (axes is not [-1] || node.Integer("keepdims", 1) != 1) throw OnnxGraph.Unsupported(node, $"a mean over axes [{string.Join(",", axes ?? [])}] (the last axis, -1, kept, is one of layer normalisation)");
                return of is NormPartValue square ? square with { Part = NormPart.Variance } : new NormPartValue(NormPart.Mean, (FlowValue)of, 0);
            case ("Pow", NormPartValue { Part: NormPart.Centred } centred) when second is ConstantValue { Tensor.Values: [2] }: return centred with { Part = NormPart.Square };
            case ("Sqrt", NormPartValue { Part: NormPart.Variance, Epsilon: > 0 } variance): return variance with { Part = NormPart.Deviation };
            default: throw OnnxGraph.Unsupported(node, "this operator outside a layer normalisation");
        }
    }

    /// <summary>Add, Sub, Mul or Div of parts.</summary>
    /// <param name="normalised">Makes a normalisation of the inputs below it the features'.</param>
    public static GraphValue Combined(OnnxNode node, GraphValue a, GraphValue b, Func<FlowValue, FlowValue> normalised) => (node.Operator, a, b) switch
    {
        ("Sub", FlowValue x, NormPartValue { Part: NormPart.Mean } mean) when ReferenceEquals(mean.Of, x) => mean with { Part = NormPart.Centred },
        ("Mul", NormPartValue { Part: NormPart.Centred } d, NormPartValue { Part: NormPart.Centred } e) when ReferenceEquals(d.Of, e.Of) => d with { Part = NormPart.Square },
        ("Add", NormPartValue { Part: NormPart.Variance, Epsilon: 0 } variance, ConstantValue { Tensor.Values: [> 0 and var epsilon] }) => variance with { Epsilon = epsilon },
        ("Add", ConstantValue { Tensor.Values: [> 0 and var epsilon] }, NormPartValue { Part: NormPart.Variance, Epsilon: 0 } variance) => variance with { Epsilon = epsilon },
        ("Div", NormPartValue { Part: NormPart.Centred } d, NormPartValue { Part: NormPart.Deviation } s) when ReferenceEquals(d.Of, s.Of) =>
            new FlowValue(Stage(node, s.Epsilon, normalised(d.Of)), AffineMap.Identity(d.Of.Map.Outputs)),
        _ => throw OnnxGraph.Unsupported(node, "this use of a mean or a variance, which is none of layer normalisation,"),
    };

    private static LayerNormStage Stage(OnnxNode node, double epsilon, FlowValue from) =>
        (float)epsilon > 0 && double.IsFinite(epsilon) ? new LayerNormStage(epsilon, from, node) : throw OnnxGraph.Unsupported(node, $"an epsilon of {epsilon}");
}
