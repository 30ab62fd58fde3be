namespace Appliance.Host.Onnx;

/// <summary>y = scale∘x + offset (where <see cref="Dense"/> is null) or Dense·x + offset, in double precision: what linear operators of a graph amount to, one after another.</summary>
/// <param name="Scale">[outputs], of the diagonal form.</param>
/// <param name="Dense">[outputs, inputs], row by row; null for the diagonal form.</param>
/// <param name="Offset">[outputs].</param>
internal sealed record AffineMap(double[] Scale, double[]? Dense, double[] Offset)
{
    public int Outputs => Offset.Length;
    public bool IsDiagonal => Dense is null;
    public bool IsIdentity => Dense is null && Scale.All(s => s == 1) && Offset.All(o => o == 0);

    public static AffineMap Identity(int width) => new([.. Enumerable.Repeat(1.0, width)], null, new double[width]);

    /// <summary>After this, scale∘· + offset.</summary>
    public AffineMap Then(double[] scale, double[] offset)
    {
        double[] moved = [.. Offset.Select((o, i) => o * scale[i] + offset[i])];
        if (Dense is null) return new([.. Scale.Select((s, i) => s * scale[i])], null, moved);
        int inputs = Dense.Length / Outputs;
        return new([], [.. Dense.Select((w, k) => w * scale[k / inputs])], moved);
    }

    /// <summary>After this, W·· + offset.</summary>
    /// <param name="weight">[outputs, this.Outputs], row by row.</param>
    public AffineMap Then(double[] weight, int outputs, double[] offset)
    {
        int middle = Outputs;
        AffineMap own = this;
        double[] moved = [.. Enumerable.Range(0, outputs).Select(o => offset[o] + Enumerable.Range(0, middle).Sum(m => own.Offset[m] == 0 ? 0 : weight[o * middle + m] * own.Offset[m]))];
        if (Dense is null) return new([], [.. weight.Select((w, k) => w * own.Scale[k % middle])], moved);
        int inputs = Dense.Length / middle;
        var product = new double[outputs * inputs];
        for (int o = 0; o < outputs; o++)
            for (int m = 0; m < middle; m++)
                for (int i = 0; i < inputs; i++) product[o * inputs + i] += weight[o * middle + m] * Dense[m * inputs + i];
        return new([], product, moved);
    }

    /// <summary>[outputs, inputs], row by row.</summary>
    public double[] AsDense(int inputs)
    {
        if (Dense is not null) return Dense;
        var dense = new double[Outputs * inputs];
        for (int o = 0; o < Outputs; o++) dense[o * inputs + o] = Scale[o];
        return dense;
    }

    /// <summary>Outputs of several maps of one input, one after another.</summary>
    public static AffineMap Stack(IReadOnlyList<AffineMap> maps, int inputs) =>
        new([], [.. maps.SelectMany(m => m.AsDense(inputs))], [.. maps.SelectMany(m => m.Offset)]);

    public static AffineMap Sum(AffineMap a, AffineMap b, int inputs) =>
        new([], [.. a.AsDense(inputs).Zip(b.AsDense(inputs), (x, y) => x + y)], [.. a.Offset.Zip(b.Offset, (x, y) => x + y)]);
}
