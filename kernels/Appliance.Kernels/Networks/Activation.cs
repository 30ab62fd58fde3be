namespace Appliance.Kernels.Networks;

/// <summary>What stands between a network's layers. Errors are measured over every 0.00731 from −86 to 100; <see cref="ActivationLanes{L,V}"/> holds the formulas.</summary>
public enum Activation
{
    /// <summary>max(0, x); a NaN becomes 0.</summary>
    Relu,
    /// <summary>tanh x, absolute error below 2e-7.</summary>
    Tanh,
    /// <summary>x / (1 + e^(−x)), relative error below 4e-7. Elfwing, Uchibe and Doya, Neural Networks 107 (2018).</summary>
    Silu,
    /// <summary>1 / (1 + e^(−x)), relative error below 4e-7 where x is above −86.</summary>
    Sigmoid,
}
