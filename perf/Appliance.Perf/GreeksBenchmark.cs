using Appliance.Contract;
using Appliance.Flow.Compute;
using Appliance.Kernels;
using Appliance.Kernels.Networks;
using Appliance.Kernels.Scalar;
using BenchmarkDotNet.Attributes;

namespace Appliance.Perf;

/// <summary>
/// What Compute costs: a batch of Greeks (divide by <see cref="Options"/> for one option), the expansion that stands in a tick's way, the repricing that follows
/// after the order, and one inference of a policy network with nine inputs and two hidden layers of 32.
/// </summary>
public class GreeksBenchmark
{
    [Params(200, 2000)]
    public int Options;

    [Params(KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512)]
    public KernelWidth Width;

    private const long StartUtcNs = 1_723_161_255_000_000_000;

    private CpuGreeksBackend _backend = null!;
    private GreeksBatch _batch;
    private PortfolioGreeks _portfolio = null!;
    private Mlp _network = null!;
    private readonly float[] _input = new float[9], _output = new float[1];
    private long _step;

    [GlobalSetup]
    public void Setup()
    {
        // A width that the machine lacks is measured as the widest that it has; the backend's name in the profile tells which.
        _backend = new CpuGreeksBackend(CpuGreeksBackend.IsSupported(Width) ? Width : KernelWidth.Widest);
        var random = new Random(7);
        double[] Draw(Func<double> next) => Enumerable.Range(0, Options).Select(_ => next()).ToArray();
        double[] strike = Draw(() => 50_000 + 1000 * random.Next(25)), volatility = Draw(() => 0.45 + 0.2 * random.NextDouble()), callPut = Draw(() => 2 * random.Next(2) - 1);
        double[] years = Draw(() => (1 + random.Next(200)) / 365.0);
        _batch = new GreeksBatch
        {
            Spot = 61_700, Rate = 0, Yield = 0, Count = Options, Strike = strike, Years = years, Volatility = volatility, CallPut = callPut,
            Price = new double[Options], Delta = new double[Options], Gamma = new double[Options], Vega = new double[Options], Theta = new double[Options], Speed = new double[Options],
        };
        var definition = new PortfolioDefinition
        {
            Name = "benchmark", Strike = strike, Volatility = volatility, CallPut = callPut, Quantity = Draw(() => random.NextDouble() * 4 - 3),
            ExpiryUtcNs = years.Select(y => StartUtcNs + (long)(y * PortfolioGreeks.NanosecondsPerYear)).ToArray(),
        };
        _portfolio = new PortfolioGreeks(definition, _backend, new PortfolioGreeksOptions { DeltaErrorUnitsMax = 0.01 });
        _portfolio.Reprice(61_700, StartUtcNs);
        DenseLayer Layer(int inputs, int outputs) => new(inputs, outputs,
            Enumerable.Range(0, inputs * outputs).Select(_ => random.NextSingle() - 0.5f).ToArray(), new float[outputs]);
        _network = new Mlp([Layer(9, 32), Layer(32, 32), Layer(32, 1)], Activation.Silu);
        Check();
    }

    /// <summary>An answer is checked before it is timed.</summary>
    private void Check()
    {
        _backend.Submit(in _batch);
        for (int i = 0; i < Options; i++)
        {
            OptionGreeks expected = BlackScholes.Evaluate(61_700, _batch.Strike[i], _batch.Years[i], _batch.Volatility[i], 0, 0, _batch.CallPut[i]);
            if (expected.Price != _batch.Price[i] || expected.Speed != _batch.Speed[i]) throw new InvalidOperationException($"Option {i} differs from the scalar formula.");
        }
        if (!_portfolio.Move(61_700.1, StartUtcNs + 1) || !_portfolio.OnExpansion) throw new InvalidOperationException("A move of a tick must be expanded over.");
    }

    [Benchmark]
    public double Batch()
    {
        _backend.Submit(in _batch);
        return _batch.Price[0];
    }

    [Benchmark]
    public double Move()
    {
        _step = (_step + 1) & 1023;
        _portfolio.Move(61_700 + _step * 0.01, StartUtcNs + _step * 1000);
        return _portfolio.Delta;
    }

    [Benchmark]
    public double Reprice()
    {
        _step = (_step + 1) & 1023;
        _portfolio.Reprice(61_700 + _step * 0.01, StartUtcNs + _step * 1000);
        return _portfolio.Delta;
    }

    [Benchmark]
    public float Network()
    {
        _input[0] = _step;
        _network.Infer(_input, _output);
        return _output[0];
    }
}
