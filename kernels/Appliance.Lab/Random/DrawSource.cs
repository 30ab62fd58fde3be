using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Random;

/// <summary>
/// Rows of random numbers over the paths of a block, asked for in the order of the steps. A simulator names its streams of normals (one a Brownian motion) and of uniforms, and does not know
/// whether they are pseudo-random, antithetic or a Sobol sequence behind a Brownian bridge.
/// </summary>
public abstract class DrawSource
{
    /// <summary>Scratch rows of a block that this source needs, counted from row 0.</summary>
    public abstract int ScratchRows { get; }
    /// <summary>Standard normal numbers of the block's paths at one index of a stream.</summary>
    public abstract ReadOnlySpan<double> Normals(PathBlock block, long firstPath, int stream, int index);
    /// <summary>The row that <see cref="Normals"/> last gave for this index, without drawing it again.</summary>
    public abstract ReadOnlySpan<double> Drawn(PathBlock block, int stream, int index);
    /// <summary>Uniform numbers in (0, 1); their streams are numbered apart from the normals'.</summary>
    public abstract ReadOnlySpan<double> Uniforms(PathBlock block, long firstPath, int stream, int index);
    /// <summary>For what few paths need (the sizes of jumps): one number alone.</summary>
    public abstract double Uniform(long path, int stream, int index);
    public double Normal(long path, int stream, int index) => InverseNormal.Of(Uniform(path, stream, index));

    public static DrawSource Make(DrawScheme scheme, ulong seed, int normalStreams, int uniformStreams, int indexes) => scheme switch
    {
        DrawScheme.Sobol => new SobolDraws(seed, normalStreams, uniformStreams, indexes),
        _ => new PhiloxDraws(new RandomField(seed, scheme == DrawScheme.Antithetic), normalStreams, uniformStreams),
    };
}

/// <summary>Philox numbers, drawn for an even index and the odd one after it together, since one block of the generator yields both.</summary>
public sealed class PhiloxDraws(RandomField field, int normalStreams, int uniformStreams) : DrawSource
{
    /// <summary>Uniform streams and lone numbers stand this far above the normals' in the field.</summary>
    private const int UniformBase = 256, LoneBase = 512;

    public override int ScratchRows => 2 * (normalStreams + uniformStreams);

    public override ReadOnlySpan<double> Normals(PathBlock block, long firstPath, int stream, int index)
    {
        var even = block.Scratch(2 * stream);
        var odd = block.Scratch(2 * stream + 1);
        if ((index & 1) != 0) return odd;
        field.NormalPair(firstPath, stream, index, even, odd);
        return even;
    }

    public override ReadOnlySpan<double> Drawn(PathBlock block, int stream, int index) => block.Scratch(2 * stream + (index & 1));

    public override ReadOnlySpan<double> Uniforms(PathBlock block, long firstPath, int stream, int index)
    {
        int row = 2 * (normalStreams + stream);
        var even = block.Scratch(row);
        var odd = block.Scratch(row + 1);
        if ((index & 1) != 0) return odd;
        field.UniformPair(firstPath, UniformBase + stream, index, even, odd);
        return even;
    }

    public override double Uniform(long path, int stream, int index) => field.Uniform(path, LoneBase + stream, index);
}
